"""What TeX commands stand for. Tables only; `researchgraph.lib.tex` reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final


def _with(combining: str) -> Callable[[str], str]:
    return lambda letters: unicodedata.normalize("NFC", letters[0] + combining + letters[1:])


ACCENTS: Final[dict[str, Callable[[str], str]]] = {
    '"': _with("\u0308"),
    "'": _with("\u0301"),
    "`": _with("\u0300"),
    "^": _with("\u0302"),
    "~": _with("\u0303"),
    "=": _with("\u0304"),
    ".": _with("\u0307"),
    "u": _with("\u0306"),
    "v": _with("\u030c"),
    "H": _with("\u030b"),
    "c": _with("\u0327"),
    "d": _with("\u0323"),
    "b": _with("\u0331"),
    "r": _with("\u030a"),
    "k": _with("\u0328"),
    "t": _with("\u0361"),
}
"""Accent command to a function that puts it on a letter (a dotless i comes as i: the accent replaces its dot)."""

LETTERS: Final[dict[str, str]] = {
    "ss": "ß",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "aa": "å",
    "AA": "Å",
    "i": "ı",
    "j": "ȷ",
    "dh": "ð",
    "DH": "Ð",
    "th": "þ",
    "TH": "Þ",
    "dj": "đ",
    "DJ": "Đ",
    "ng": "ŋ",
    "NG": "Ŋ",
    "TeX": "TeX",
    "LaTeX": "LaTeX",
    "BibTeX": "BibTeX",
}
"""Commands of text that stand for letters; they swallow the blank after them."""

SYMBOLS: Final[dict[str, str]] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ϵ",
    "varepsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "vartheta": "ϑ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "ϕ",
    "varphi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
    "ell": "ℓ",
    "infty": "∞",
    "times": "×",
    "cdot": "·",
    "pm": "±",
    "to": "→",
    "rightarrow": "→",
    "leftarrow": "←",
    "leftrightarrow": "↔",
    "Rightarrow": "⇒",
    "leq": "≤",
    "le": "≤",
    "geq": "≥",
    "ge": "≥",
    "neq": "≠",
    "approx": "≈",
    "sim": "∼",
    "circ": "∘",
    "oplus": "⊕",
    "otimes": "⊗",
    "star": "⋆",
    "dagger": "†",
    "ldots": "…",
    "dots": "…",
    "cdots": "⋯",
    "textendash": "–",
    "textemdash": "—",
    "textquoteright": "’",
    "textquoteleft": "‘",
    "textquotedblleft": "“",
    "textquotedblright": "”",
    "textregistered": "®",
    "texttrademark": "™",
    "copyright": "©",
    "textdegree": "°",
    "textasciitilde": "~",
    "textbackslash": "∖",
    "textbullet": "•",
    "S": "§",
    "P": "¶",
    "pounds": "£",
    "euro": "€",
    "partial": "∂",
    "nabla": "∇",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "in": "∈",
    "forall": "∀",
    "exists": "∃",
    "quad": " ",
    "qquad": " ",
}
"""Commands that stand for one sign, in text as in mathematics."""

_WRAPPERS_TEXT: Final = (
    "emph textbf textit texttt textsc textrm textsf textsl textup textmd textnormal text mbox hbox "
    "underline uline uppercase lowercase MakeUppercase MakeLowercase textsuperscript textsubscript url "
    "ensuremath mathrm mathbf mathbb mathcal mathit mathsf mathtt mathfrak mathscr boldsymbol bm "
    "operatorname tilde hat bar vec dot ddot widehat widetilde overline left right big Big bigl bigr "
    "displaystyle textstyle limits"
)
WRAPPERS: Final = frozenset(_WRAPPERS_TEXT.split())
"""Commands that only say how their argument looks: the argument stays."""

_STYLES_TEXT: Final = (
    "em it bf rm tt sc sl sf itshape bfseries scshape ttfamily sffamily upshape small large protect noindent xspace"
)
STYLES: Final = frozenset(_STYLES_TEXT.split())
"""Switches without an argument: nothing stays, blanks after them go."""

_DROPPED_TEXT: Final = (
    "cite citep citet citealp citealt parencite textcite nocite ref eqref label footnote footnotemark "
    "thanks vspace hspace"
)
DROPPED: Final = frozenset(_DROPPED_TEXT.split())
"""Commands whose argument is no part of the text."""

MACROS: Final[dict[str, str]] = {
    "eps": r"\varepsilon",
    "veps": r"\varepsilon",
    "poly": r"\mathrm{poly}",
    "polylog": r"\mathrm{polylog}",
    "Tilde": r"\tilde",
    "Hat": r"\hat",
    "Bar": r"\bar",
    "R": r"\mathbb{R}",
    "E": r"\mathbb{E}",
    "N": r"\mathbb{N}",
    "Z": r"\mathbb{Z}",
    "Q": r"\mathbb{Q}",
    "C": r"\mathbb{C}",
    "F": r"\mathbb{F}",
    "bR": r"\mathbb{R}",
    "bE": r"\mathbb{E}",
    "KL": r"\mathrm{KL}",
    "argmin": r"\operatorname{argmin}",
    "argmax": r"\operatorname{argmax}",
    **{f"c{letter}": rf"\mathcal{{{letter}}}" for letter in "ABCDEFGHIKLMNOPQRSTUVWXYZ"},
}
"""Authors' own macros that occur in abstracts often enough to be worth reading as what they nearly always mean."""

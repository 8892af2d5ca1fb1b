"""Canonical forms, check digits and links of persistent identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.lib.identifiers import (
    LABELS,
    arxiv_version,
    canonical,
    canonical_pair,
    display,
    label,
    url,
)


@pytest.mark.parametrize(
    ("scheme", "value", "stored"),
    [
        ("orcid", "0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("orcid", "https://orcid.org/0000-0002-1694-233X", "0000-0002-1694-233X"),
        ("orcid", "http://orcid.org/my-orcid?orcid=0009-0006-2026-649x", "0009-0006-2026-649X"),
        ("orcid", "0000-0002-1825-0098", None),
        ("orcid", "0000-0002-1825-009", None),
        ("doi", "10.1126/Science.AAR6170", "10.1126/science.aar6170"),
        ("doi", "https://doi.org/10.18653/v1/2021.acl-long.331", "10.18653/v1/2021.acl-long.331"),
        ("doi", "doi: 10.1000/182.", "10.1000/182"),
        ("doi", "http://dx.doi.org/10.1016/S0140-6736%2897%2911096-0", "10.1016/s0140-6736(97)11096-0"),
        ("doi", "10.1016/S0140-6736(97)11096-0)", "10.1016/s0140-6736(97)11096-0"),
        ("doi", "11.1000/182", None),
        ("doi", "10.1000/with blank", None),
        ("doi", "10.1000/nul\x00", None),
        ("arxiv", "2203.05482", "2203.05482"),
        ("arxiv", "arXiv:2203.05482v3", "2203.05482"),
        ("arxiv", "https://arxiv.org/pdf/2203.05482v1.pdf", "2203.05482"),
        ("arxiv", "http://export.arxiv.org/abs/0704.0001", "0704.0001"),
        ("arxiv", "oai:arXiv.org:quant-ph/0201082", "quant-ph/0201082"),
        ("arxiv", "math.GT/0309136v2", "math/0309136"),
        ("arxiv", "1412.1234", "1412.1234"),
        ("arxiv", "1412.12345", None),
        ("arxiv", "1501.1234", None),
        ("arxiv", "2213.05482", None),
        ("arxiv", "abc", None),
        ("openreview", "~Raphael_Gontijo-Lopes1", "~Raphael_Gontijo-Lopes1"),
        ("openreview", "~Erik_Sandström1", "~Erik_Sandström1"),
        ("openreview", "https://openreview.net/profile?id=~Joao_F._Henriques1", "~Joao_F._Henriques1"),
        ("openreview", "https://openreview.net/forum?id=r1iuQjxCZ&noteId=x", "r1iuQjxCZ"),
        ("openreview", "someone@example.org", None),
        ("dblp", "https://dblp.org/pid/45/4211-1.html", "45/4211-1"),
        ("dblp", "h/JiaweiHan", "h/JiaweiHan"),
        ("dblp", "conf/icml/WortsmanIGRLMNFCKS22", None),
        (
            "google_scholar",
            "https://scholar.google.com/citations?hl=en&user=kPJKnRIAAAAJ&x=1",
            "kPJKnRIAAAAJ",
        ),
        ("google_scholar", "kPJKnRIAAAA", None),
        ("ieee", "https://ieeexplore.ieee.org/author/37279126200", "37279126200"),
        ("acl", "https://aclanthology.org/2021.acl-long.331/", "2021.acl-long.331"),
        ("acl", "p18-1001", "P18-1001"),
        ("acl", "mengjie-zhao", "mengjie-zhao"),
        ("pmid", "PMID: 31452104", "31452104"),
        ("pmid", "0", None),
        ("pmcid", "PMC3460867", "PMC3460867"),
        ("pmcid", "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC3460867/", "PMC3460867"),
        ("pmcid", "https://pmc.ncbi.nlm.nih.gov/articles/pmc3460867", "PMC3460867"),
        ("pmcid", "PMC3460867.2", "PMC3460867"),
        ("pmcid", "3460867", None),
        ("pmcid", "http://www.ncbi.nlm.nih.gov/pmc/articles/PMC", None),
        ("handle", "http://hdl.handle.net/2159/6227", "2159/6227"),
        ("handle", "hdl:1721.1/7582", "1721.1/7582"),
        ("handle", "https://hdl.handle.net/20.500.12876/ABC-1", "20.500.12876/abc-1"),
        ("handle", "10.1000/182", None),
        ("handle", "https://example.org/2159/6227", None),
        ("ror", "https://ror.org/00cvxb145", "00cvxb145"),
        ("ror", "02nr0ka47", "02nr0ka47"),
        ("ror", "00cvxb146", None),
        ("issn", "0378-5955", "0378-5955"),
        ("issn", "ISSN 2434561x", "2434-561X"),
        ("issn", "0378-5954", None),
        ("isbn", "978-0-306-40615-7", "9780306406157"),
        ("isbn", "ISBN 0-306-40615-2", "9780306406157"),
        ("isbn", "0-306-40615-3", None),
        ("isbn", "978-0-306-40615-8", None),
        ("openalex", "https://openalex.org/authors/a5023888391", "A5023888391"),
        ("openalex", "X123", None),
        ("mag", "2962935454", "2962935454"),
        ("mag", "MAG:2962935454", "2962935454"),
        ("mag", "W2962935454", None),
        ("semantic_scholar", "https://www.semanticscholar.org/author/A-Morcos/4690624", "4690624"),
        ("semantic_scholar", "CorpusId:247362886", "CorpusID:247362886"),
        ("orcid", "٠٠٠٠-٠٠٠٢-١٨٢٥-٠٠٩٧", None),
        ("telephone", "0000", None),
        ("doi", "", None),
        ("doi", "10.1000/" + "x" * 600, None),
    ],
)
def test_canonical_reads_written_forms_and_refuses_the_rest(scheme: str, value: str, stored: str | None) -> None:
    assert canonical(scheme, value) == stored


@given(st.sampled_from(sorted(LABELS)), st.text(max_size=60))
def test_a_canonical_value_is_its_own_canonical_form(scheme: str, value: str) -> None:
    stored = canonical(scheme, value)
    if stored is not None:
        assert canonical(scheme, stored) == stored


@pytest.mark.parametrize("doi", ["10.48550/arXiv.2203.05482", "https://doi.org/10.48550/ARXIV.2203.05482v2"])
def test_a_doi_of_arxiv_is_the_arxiv_identifier(doi: str) -> None:
    assert canonical_pair("doi", doi) == ("arxiv", "2203.05482")


def test_other_pairs_keep_their_scheme() -> None:
    assert canonical_pair("doi", "10.1000/182") == ("doi", "10.1000/182")
    assert canonical_pair("doi", "nonsense") is None


def test_the_arxiv_version_is_read_apart() -> None:
    assert arxiv_version("http://arxiv.org/abs/2203.05482v3") == "v3"
    assert arxiv_version("2203.05482") == ""


@pytest.mark.parametrize(
    ("scheme", "value", "address"),
    [
        ("orcid", "0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"),
        ("doi", "10.1000/a<b>#c", "https://doi.org/10.1000/a%3Cb%3E%23c"),
        ("arxiv", "math/0309136", "https://arxiv.org/abs/math/0309136"),
        ("openreview", "~Ari_S._Morcos1", "https://openreview.net/profile?id=~Ari_S._Morcos1"),
        ("openreview", "r1iuQjxCZ", "https://openreview.net/forum?id=r1iuQjxCZ"),
        ("ieee", "37279126200", "https://ieeexplore.ieee.org/author/37279126200"),
        ("ieee", "8953594", "https://ieeexplore.ieee.org/document/8953594"),
        ("acl", "P18-1001", "https://aclanthology.org/P18-1001/"),
        ("acl", "mengjie-zhao", "https://aclanthology.org/people/mengjie-zhao/"),
        ("semantic_scholar", "4690624", "https://www.semanticscholar.org/author/4690624"),
        ("semantic_scholar", "CorpusID:247362886", "https://api.semanticscholar.org/CorpusID:247362886"),
        ("pmcid", "PMC3460867", "https://pmc.ncbi.nlm.nih.gov/articles/PMC3460867"),
        ("handle", "1721.1/7582", "https://hdl.handle.net/1721.1/7582"),
        ("isbn", "9780306406157", ""),
        ("mag", "2962935454", ""),
        ("telephone", "1", ""),
    ],
)
def test_identifiers_link_to_their_resolver(scheme: str, value: str, address: str) -> None:
    assert url(scheme, value) == address


def test_labels_and_display_forms_are_what_people_write() -> None:
    assert label("orcid") == "ORCID"
    assert label("unheard-of") == "unheard-of"
    assert display("arxiv", "2203.05482") == "arXiv:2203.05482"
    assert display("doi", "10.1000/182") == "10.1000/182"


ONE_OF_EACH = {
    "orcid": "0000-0002-1694-233X",
    "doi": "10.1016/s0140-6736(97)11096-0",
    "arxiv": "2203.05482",
    "openreview": "~Erik_Sandström1",
    "dblp": "45/4211-1",
    "google_scholar": "kPJKnRIAAAAJ",
    "ieee": "37279126200",
    "acl": "2021.acl-long.331",
    "pmid": "31452104",
    "pmcid": "PMC3460867",
    "handle": "1721.1/7582",
    "ror": "00cvxb145",
    "issn": "1234-5679",
    "isbn": "9783161484100",
    "openalex": "A5023888391",
    "mag": "2151992001",
    "semantic_scholar": "CorpusID:13756489",
}


@pytest.mark.parametrize(
    ("scheme", "value", "stored"),
    [
        ("orcid", "HTTPS://ORCID.ORG/0000-0002-1694-233x", "0000-0002-1694-233X"),
        ("orcid", "orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("orcid", "ORCID iD: 0000-0002-1825-0097.", "0000-0002-1825-0097"),
        ("orcid", "https://orcid.org/0000-0002-1825-0097?lang=en", "0000-0002-1825-0097"),
        ("orcid", "0000–0002–1825–0097", "0000-0002-1825-0097"),
        ("orcid", "\u200b0000\u20110002\u20111825\u20110097", "0000-0002-1825-0097"),
        ("orcid", "００００-０００２-１８２５-００９７", "0000-0002-1825-0097"),
        ("orcid", "<https://orcid.org/0000-0002-1825-0097>", "0000-0002-1825-0097"),
        ("orcid", "००००-०००२-१८२५-००९७", None),
        ("ror", "ror.org/00CVXB145/", "00cvxb145"),
        ("ror", "ROR: 00cvxb145", "00cvxb145"),
        ("doi", "dx.doi.org/10.1000/182", "10.1000/182"),
        ("doi", "DOI 10.1000/182", "10.1000/182"),
        ("doi", "１０.１０００/１８２", "10.1000/182"),
        ("doi", "(10.1000/182)", "10.1000/182"),
        ("arxiv", "arXiv:2203.05482v2 [cs.LG]", "2203.05482"),
        ("arxiv", "ARXIV.ORG/ABS/2203.05482V2", "2203.05482"),
        ("arxiv", "HEP-TH/9901001", "hep-th/9901001"),
        ("openalex", "openalex.org/a5023888391", "A5023888391"),
        ("dblp", "dblp.org/pid/45/4211-1.html", "45/4211-1"),
        ("openreview", "openreview.net/profile?id=~Erik_Sandström1", "~Erik_Sandström1"),
        ("issn", "ISSN 1234–5679 (Online)", "1234-5679"),
        ("isbn", "ISBN-13: 978–3–16–148410–0", "9783161484100"),
        ("isbn", "3-16-148410-X", "9783161484100"),
        ("pmid", "https://pubmed.ncbi.nlm.nih.gov/31452104/?term=soup", "31452104"),
        ("pmid", "pmid 31452104;", "31452104"),
        ("pmcid", "PMCID: PMC3460867.", "PMC3460867"),
        ("pmcid", "www.ncbi.nlm.nih.gov/pmc/articles/PMC3460867/#abstract", "PMC3460867"),
    ],
)
def test_what_people_and_word_processors_make_of_an_identifier_is_read(
    scheme: str, value: str, stored: str | None
) -> None:
    assert canonical(scheme, value) == stored


@pytest.mark.parametrize("scheme", sorted(LABELS))
def test_every_scheme_reads_its_own_address_and_its_own_form_again(scheme: str) -> None:
    value = ONE_OF_EACH[scheme]
    assert canonical(scheme, value) == value
    assert url(scheme, value) == "" or canonical(scheme, url(scheme, value)) == value
    for odd in (f" {value}\n", f"\ufeff{value}", f"{value},", f"“{value}”", f"{label(scheme)}: {value}"):
        assert canonical(scheme, odd) == value, odd


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("orcid", "0000-0002-1825-0098"),
        ("orcid", "https://orcid.org/0000-0002-1825-009X"),
        ("orcid", "0000-0002-1825"),
        ("ror", "https://ror.org/00cvxb146"),
        ("issn", "1234-5678"),
        ("isbn", "978-3-16-148410-1"),
        ("doi", "x"),
    ],
)
def test_what_is_cut_or_fails_its_check_digit_is_no_identifier(scheme: str, value: str) -> None:
    assert canonical(scheme, value) is None


@pytest.mark.parametrize("scheme", sorted(LABELS))
@given(st.text(max_size=40), st.sampled_from(["", "-", "–", " ", "/", "https://", "\u200b", "x", "0"]))
def test_a_stored_form_is_its_own_stored_form(scheme: str, around: str, between: str) -> None:
    for value in (around, between + ONE_OF_EACH[scheme] + around, around[:9] + ONE_OF_EACH[scheme] + between):
        found = canonical(scheme, value)
        assert found is None or canonical(scheme, found) == found

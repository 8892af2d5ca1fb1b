/* The search box as a combobox: arrows move through the suggestions, Enter opens one, Escape clears them. */

const BOX = "input[role=combobox]";

const listOf = (box: HTMLInputElement): HTMLElement | null =>
  document.getElementById(box.getAttribute("aria-controls") ?? "");

const optionsOf = (box: HTMLInputElement): HTMLElement[] =>
  Array.from(listOf(box)?.querySelectorAll<HTMLElement>("[role=option]") ?? []);

function mark(box: HTMLInputElement, options: HTMLElement[], chosen: number): void {
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
  const option = options[chosen];
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    box.removeAttribute("aria-activedescendant");
  }
}

function close(box: HTMLInputElement): void {
  listOf(box)?.replaceChildren();
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function onKey(event: KeyboardEvent): void {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches(BOX)) return;
  const options = optionsOf(box);
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!options.length) return;
    event.preventDefault();
    const places = options.length + 1;
    // One place more than options: between last and first the typed text is chosen again.
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark(box, options, ((at + 1 + step + places) % places) - 1);
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    options[at]?.click();
  } else if (event.key === "Escape" && options.length) {
    event.preventDefault();
    close(box);
  }
}

export function suggestions(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of document.querySelectorAll<HTMLInputElement>(BOX)) {
      box.setAttribute("aria-expanded", String(optionsOf(box).length > 0));
      box.removeAttribute("aria-activedescendant");
    }
  });
  document.addEventListener("focusout", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches(BOX)) return;
    const goingTo = event.relatedTarget as Node | null;
    if (goingTo && listOf(box)?.contains(goingTo)) return;
    // A click on a suggestion must land before the list goes.
    if (goingTo) close(box);
  });
}

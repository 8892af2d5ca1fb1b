/* Bylines to choose from: how many are ticked, and buttons that tick several. Without scripts the boxes alone do. */

function tick(boxes: HTMLInputElement[], which: string | undefined): void {
  const names = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.name));
  for (const box of boxes) {
    if (which === "all") box.checked = true;
    else if (which === "none") box.checked = false;
    else if (names.has(box.dataset.name)) box.checked = true;
  }
}

function tell(form: HTMLFormElement, boxes: HTMLInputElement[]): void {
  const count = boxes.filter((box) => box.checked).length;
  const told = form.querySelector("[data-picked]");
  const text = count ? `${count} of ${boxes.length} ticked` : "None ticked";
  if (told && told.textContent !== text) told.textContent = text;
}

export function picking(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-picking]")) {
    const boxes = Array.from(form.querySelectorAll<HTMLInputElement>("input[name=byline]"));
    form.querySelector("[data-picked-tools]")?.removeAttribute("hidden");
    form.addEventListener("change", () => tell(form, boxes));
    form.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>("button[data-pick]");
      if (!button) return;
      tick(boxes, button.dataset.pick);
      tell(form, boxes);
    });
    // Coming back, the browser ticks again what was ticked, without a change event.
    window.addEventListener("pageshow", () => tell(form, boxes));
  }
}

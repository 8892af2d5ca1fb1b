/* Drop-down <details>: one open at a time, closed by Escape (focus returns to the button) or a click elsewhere. */

const OPEN = "details.drop[open]";

export function menus(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = (event.target as Element | null)?.closest<HTMLDetailsElement>(OPEN);
    if (!open) return;
    open.open = false;
    open.querySelector("summary")?.focus();
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>(OPEN)) {
      if (!menu.contains(event.target as Node)) menu.open = false;
    }
  });
}

/* Single-letter keys: what carries data-key is clicked, unless a field has focus or somebody has switched them off. */

const CHOICE = "curation-keys";

const enabled = (): boolean => localStorage.getItem(CHOICE) !== "off";

function typing(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
  const key = event.key.toLowerCase();
  // "?" stays: it opens the list in which the others are switched on again.
  if (!/^[a-z?]$/.test(key) || (key !== "?" && !enabled())) return;
  const target = document.querySelector<HTMLElement>(`[data-key="${key}"]`);
  if (!target) return;
  event.preventDefault();
  target.click();
}

export function keys(): void {
  if (!document.querySelector("[data-key]")) return;
  document.addEventListener("keydown", onKey);
  const choice = document.querySelector<HTMLElement>("[data-keys-choice]");
  const box = choice?.querySelector<HTMLInputElement>("input");
  if (!choice || !box) return;
  choice.hidden = false;
  box.checked = enabled();
  box.addEventListener("change", () => localStorage.setItem(CHOICE, box.checked ? "on" : "off"));
}

/* The page around the picture: its address says what is shown, and its parts are put in the place of those of another address. */
import { answered, place } from "./data";

/** What differs between two views of one center, beside the picture. */
const PARTS = ["gbar", "filters", "detail"];

/** Put the parts of the page at an address in place; what its picture is drawn from, "" if it has none. */
export async function turn(address: URL, signal: AbortSignal): Promise<string> {
  const answer = await answered(address.href, signal, "text/html");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const source = page.querySelector("graph-explorer")?.getAttribute("src") ?? "";
  if (!source) return "";
  for (const id of PARTS) {
    const [old, next] = [document.getElementById(id), page.getElementById(id)];
    if (!old || !next) continue;
    const held = old.contains(document.activeElement) ? (document.activeElement?.textContent ?? "") : null;
    old.replaceChildren(...next.childNodes);
    if (held !== null) hold(old, held);
    const label = next.getAttribute("aria-label");
    if (label) old.setAttribute("aria-label", label);
  }
  return source;
}

/** Focus what stands for the link or button that had it, the panel if there is none: whoever uses the keyboard goes on from there. */
function hold(part: HTMLElement, text: string): void {
  const same = [...part.querySelectorAll<HTMLElement>("a[href], button")].find((one) => one.textContent === text);
  (same ?? document.getElementById("detail"))?.focus({ preventScroll: true });
}

/** The address with a node selected; "" for none. */
export function selecting(node: string): URL {
  const address = new URL(location.href);
  if (node) address.searchParams.set("sel", node);
  else address.searchParams.delete("sel");
  return address;
}

const tokens = (address: URL, name: string): string[] => address.searchParams.get(name)?.split(" ") ?? [];
const owner = (token: string): string => token.split(".")[0] ?? "";

/** The address with a node unfolded, or folded again if it was. */
export function unfolding(node: string): URL {
  const address = selecting(node);
  const open = tokens(address, "open");
  const others = open.filter((token) => owner(token) !== node);
  return told(address, "open", others.length < open.length ? others : [...open, node]);
}

/** The address of the same view around another node, as `View.around` has it: it remembers the center and drops what was of it. */
export function centering(node: string, center: string): URL {
  const address = selecting("");
  address.pathname = `/explore/${place(node)}`;
  for (const name of ["topic", "q", "open", "hide"]) address.searchParams.delete(name);
  const before = tokens(address, "trail").filter((token) => token !== center && token !== node);
  return told(address, "trail", [...before, center]);
}

/** The address without a node. */
export function hiding(node: string): URL {
  const address = selecting("");
  told(address, "open", tokens(address, "open").filter((token) => owner(token) !== node));
  return told(address, "hide", [...tokens(address, "hide"), node]);
}

function told(address: URL, name: string, several: string[]): URL {
  if (several.length) address.searchParams.set(name, several.join(" "));
  else address.searchParams.delete(name);
  return address;
}

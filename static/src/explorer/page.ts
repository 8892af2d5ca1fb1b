/* The page around the picture: its address says what is shown, and its parts are put in the place of those of another address. */
import { answered } from "./data";

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
    old.replaceChildren(...next.childNodes);
    const label = next.getAttribute("aria-label");
    if (label) old.setAttribute("aria-label", label);
  }
  return source;
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

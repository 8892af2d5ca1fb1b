/* The colors of the page's theme for what is drawn on a canvas, which no style sheet reaches. */
import { type Kind, KINDS } from "./shapes";

const VARIABLES: Record<Kind, string> = { person: "--k-person", work: "--k-work", topic: "--k-topic", institution: "--k-inst" };

export interface Colors {
  nodes: Record<Kind, string>;
  faded: Record<Kind, string>;
  edge: string;
  lit: string;
  ink: string;
  paper: string;
}

/** Whatever the style sheet says, as the hex that WebGL programs read; mixed with `paper` by `share`. */
function hex(value: string, paper?: string, share = 1): string {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) return "#888888";
  if (paper) {
    context.fillStyle = paper;
    context.fillRect(0, 0, 1, 1);
    context.globalAlpha = share;
  }
  context.fillStyle = value;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** The colors as they are now; a custom property is resolved by giving it to an element as its color. */
export function colors(host: HTMLElement): Colors {
  const probe = document.createElement("span");
  host.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const paper = read("--paper");
  const of = (share: number): Record<Kind, string> =>
    Object.fromEntries(KINDS.map((kind) => [kind, hex(read(VARIABLES[kind]), paper, share)])) as Record<Kind, string>;
  const found = {
    nodes: of(1),
    faded: of(0.3),
    edge: hex(read("--line-2"), paper),
    lit: hex(read("--accent"), paper),
    ink: hex(read("--ink"), paper),
    paper: hex(paper),
  };
  probe.remove();
  return found;
}

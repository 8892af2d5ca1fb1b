/* <graph-explorer src="/api/v1/graph/…">: the picture inside it comes alive where WebGL is there, and stays as it is elsewhere. */
import Graph from "graphology";
import Sigma from "sigma";
import { type Colors, colors } from "./colors";
import { type Neighborhood, neighborhood } from "./data";
import { drawLabels } from "./labels";
import type { Places, Task } from "./layout.worker";
import { Lines } from "./lines";
import { nearest } from "./moving";
import { centering, hiding, selecting, turn, unfolding } from "./page";
import { download } from "./png";
import { type Kind, Shapes } from "./shapes";

interface Shown {
  x: number;
  y: number;
  size: number;
  label: string;
  name: string;
  kind: Kind;
  href: string;
  pinned: boolean;
}

const ITERATIONS = 120;
const SLOW = 3_000;
const DIRECTIONS: Record<string, [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

const nodes = (count: number): string => (count === 1 ? "1 node" : `${count} nodes`);

export class GraphExplorer extends HTMLElement {
  private graph = new Graph({ type: "undirected" });
  private sigma: Sigma | undefined;
  private theme: Colors | undefined;
  private waiting = new AbortController();
  private turning = new AbortController();
  private center = "";
  /** Ids in the order of the table. */
  private order: string[] = [];
  private at = "";
  private chosen = "";
  private untangled = false;

  connectedCallback(): void {
    if (!("WebGL2RenderingContext" in window) || !document.createElement("canvas").getContext("webgl2")) {
      this.say("This browser draws no WebGL, so the picture does not move. The table has everything.");
      return;
    }
    this.waiting = new AbortController();
    void this.load();
  }

  disconnectedCallback(): void {
    this.waiting.abort();
    this.turning.abort();
    this.sigma?.kill();
    this.sigma = undefined;
  }

  private async load(): Promise<void> {
    const slow = window.setTimeout(() => this.say("The graph is still on its way. The picture below is complete already."), SLOW);
    try {
      const { signal } = this.waiting;
      this.show(await neighborhood(this.getAttribute("src") ?? "", signal));
      document.addEventListener("click", (event) => this.follow(event), { signal });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor(), { signal });
      this.say("");
    } catch (problem) {
      if (!this.waiting.signal.aborted) this.say(`The picture stays as it is. ${problem instanceof Error ? problem.message : ""}`);
    } finally {
      window.clearTimeout(slow);
    }
  }

  /** Draw a neighborhood instead of what is there. */
  show(data: Neighborhood): void {
    this.sigma?.kill();
    this.graph.clear();
    this.untangled = false;
    this.center = data.center;
    this.chosen = this.getAttribute("selected") ?? "";
    this.at = this.chosen || data.center;
    this.update(data);
    const stage = this.querySelector<HTMLElement>("[data-canvas]");
    if (!stage) return;
    stage.hidden = false;
    this.querySelector(":scope > svg")?.setAttribute("hidden", "");
    for (const tools of this.querySelectorAll("[data-tools]")) tools.removeAttribute("hidden");
    this.theme = colors(this);
    const sigma = new Sigma(this.graph, stage, {
      nodeProgramClasses: { shape: Shapes },
      defaultNodeType: "shape",
      edgeProgramClasses: { line: Lines },
      nodeReducer: (node, data) => this.drawnNode(node, data as Shown),
      edgeReducer: (edge, data) => ({ ...data, ...this.drawnEdge(edge) }),
      renderLabels: false,
      enableCameraRotation: false,
      defaultDrawNodeHover: () => undefined,
      zIndex: true,
    });
    this.sigma = sigma;
    const font = getComputedStyle(this).fontFamily;
    const label = (): void => {
      if (this.theme) drawLabels(sigma, [this.chosen, this.at, this.center], { font, ...this.theme });
    };
    sigma.on("afterRender", label);
    // The first picture was drawn before anybody listened.
    label();
    sigma.on("clickNode", ({ node }) => this.choose(node));
    sigma.on("clickStage", () => this.choose(""));
    sigma.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
      preventSigmaDefault();
      void this.go(unfolding(node));
    });
    this.letDrag(sigma);
    stage.onkeydown = (event) => this.key(event);
    for (const button of this.querySelectorAll<HTMLButtonElement>("[data-do]")) {
      button.onclick = () => void this.act(button.dataset["do"] ?? "");
    }
  }

  /** A node that is dragged stays where it was let go. */
  private letDrag(sigma: Sigma): void {
    let dragged = "";
    sigma.on("downNode", ({ node }) => (dragged = node));
    sigma.on("moveBody", ({ event, preventSigmaDefault }) => {
      if (!dragged) return;
      // The camera shows what it has shown, though the picture may have become larger.
      if (!sigma.getCustomBBox()) sigma.setCustomBBox(sigma.getBBox());
      this.graph.mergeNodeAttributes(dragged, { ...sigma.viewportToGraph(event), pinned: true });
      preventSigmaDefault();
    });
    for (const end of ["upNode", "upStage"] as const) sigma.on(end, () => (dragged = ""));
  }

  /** A link to another view of the same center changes the picture, and does not begin it anew. */
  private follow(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-goes]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.go(new URL(link.href));
  }

  private recolor(): void {
    this.theme = colors(this);
    this.sigma?.refresh();
  }

  /** Let the graph be these nodes and edges. What was pinned or untangled stays where it is; how many nodes are new. */
  private update(data: Neighborhood): number {
    const before = this.graph.order;
    this.order = data.nodes.map((node) => node.id);
    const kept = new Set(data.nodes.map((node) => node.id));
    for (const node of this.graph.filterNodes((id) => !kept.has(id))) this.graph.dropNode(node);
    const left = this.graph.order;
    for (const { id, x, y, size, short, group, label: name, url: href, kind } of data.nodes) {
      const shown = { size, label: group ? `${short} · ${group}` : short, name, href, kind: kind as Kind };
      const there = this.graph.hasNode(id) ? (this.graph.getNodeAttributes(id) as Shown) : undefined;
      if (there && (there.pinned || this.untangled)) this.graph.mergeNodeAttributes(id, shown);
      else this.graph.mergeNode(id, { ...shown, x, y: -y, pinned: false } satisfies Shown);
    }
    this.graph.clearEdges();
    for (const { source, target, width } of data.edges) this.graph.mergeEdge(source, target, { size: width });
    return before ? this.graph.order - left : 0;
  }

  private near(node: string): boolean {
    return !this.chosen || !this.graph.hasNode(this.chosen) || node === this.chosen || this.graph.areNeighbors(node, this.chosen);
  }

  private drawnNode(node: string, data: Shown) {
    const palette = this.near(node) ? this.theme?.nodes : this.theme?.faded;
    const marked = node === this.chosen || node === this.at;
    return {
      ...data,
      // There is no room for titles, but for those the selection leads to.
      label: this.near(node) && (data.kind !== "work" || this.chosen) ? data.label : "",
      color: palette?.[data.kind] ?? "#888888",
      size: node === this.at && document.activeElement?.hasAttribute("data-canvas") ? data.size * 1.5 : data.size,
      forceLabel: marked || node === this.center,
      zIndex: marked ? 1 : 0,
    };
  }

  private drawnEdge(edge: string) {
    const lit = this.chosen !== "" && this.graph.hasExtremity(edge, this.chosen);
    return { color: (lit ? this.theme?.lit : this.theme?.edge) ?? "#888888", zIndex: lit ? 1 : 0 };
  }

  /** Select a node: the address remembers it, and the panel says why it is here. "" selects nothing. */
  private choose(node: string): void {
    void this.go(selecting(node === this.center ? "" : node), { again: true });
  }

  /** Show the view of another address around the same center. `again`: it takes the place of the last one in the history. */
  private async go(address: URL, { again = false } = {}): Promise<void> {
    this.turning.abort();
    this.turning = new AbortController();
    const { signal } = this.turning;
    this.chosen = address.searchParams.get("sel") ?? "";
    this.at = this.graph.hasNode(this.chosen) ? this.chosen : this.center;
    this.sigma?.refresh({ skipIndexation: true });
    try {
      const source = await turn(address, signal);
      if (!source) return location.assign(address);
      // Marked as htmx marks what it can bring back by itself.
      history.replaceState({ htmx: true }, "", again ? address : null);
      if (!again) history.pushState({ htmx: true }, "", address);
      if (source !== this.getAttribute("src")) this.changed(await neighborhood(source, signal), source);
    } catch (problem) {
      if (!signal.aborted) this.say(problem instanceof Error ? problem.message : "The server did not answer.");
    }
  }

  private changed(data: Neighborhood, source: string): void {
    this.setAttribute("src", source);
    const before = this.graph.order;
    const added = this.update(data);
    const gone = before + added - this.graph.order;
    if (!this.graph.hasNode(this.at)) this.at = this.center;
    const said = [added && `${nodes(added)} unfolded.`, gone && `${nodes(gone)} taken away.`].filter(Boolean);
    this.say(said.join(" ") || "All of it is here already.");
    if (this.untangled) void this.untangle();
    else this.sigma?.setCustomBBox(null).refresh();
  }

  /** Move what is not pinned apart. */
  private untangle(): Promise<void> {
    this.untangled = true;
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    const task: Task = {
      nodes: this.graph.mapNodes((id, { x, y, size, pinned }) => ({ id, x, y, size, fixed: pinned || id === this.center })),
      edges: this.graph.mapEdges((_edge, _data, source, target) => ({ source, target })),
      iterations: ITERATIONS,
    };
    return new Promise((done) => {
      worker.onmessage = ({ data }: MessageEvent<Places>) => {
        for (const [id, { x, y }] of Object.entries(data)) {
          if (this.graph.hasNode(id)) this.graph.mergeNodeAttributes(id, { x, y });
        }
        worker.terminate();
        done();
      };
      worker.onerror = () => {
        worker.terminate();
        done();
      };
      worker.postMessage(task);
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    const step = { n: 1, b: -1 }[event.key];
    const action = { "+": "in", "-": "out", "0": "fit", Enter: "choose", Escape: "clear", e: "expand", h: "hide", p: "pin", c: "center", t: "table" }[
      event.key
    ];
    if (!direction && !action && !step) return;
    event.preventDefault();
    if (direction) this.visit(nearest(this.graph, this.at, direction));
    else if (step) this.visit(this.beside(step));
    else void this.act(action ?? "");
  }

  /** The node that many places further in the order of the table, around its ends. */
  private beside(step: number): string | undefined {
    const { order } = this;
    return order[(order.indexOf(this.at) + step + order.length) % order.length];
  }

  private visit(next: string | undefined): void {
    if (!next) return;
    this.at = next;
    const { name, kind } = this.graph.getNodeAttributes(next) as Shown;
    this.say(`${name}, ${kind}, ${this.graph.degree(next)} edges`);
    this.sigma?.refresh({ skipIndexation: true });
  }

  private async act(action: string): Promise<void> {
    const camera = this.sigma?.getCamera();
    const node = this.graph.hasNode(this.at) ? this.at : this.center;
    switch (action) {
      case "in":
        return void camera?.animatedZoom();
      case "out":
        return void camera?.animatedUnzoom();
      case "fit":
        return void camera?.animatedReset();
      case "choose":
        return this.choose(node);
      case "clear":
        return this.choose("");
      case "expand":
        return this.go(unfolding(node));
      case "pin": {
        const pinned = !this.graph.getNodeAttribute(node, "pinned");
        this.graph.setNodeAttribute(node, "pinned", pinned);
        return this.say(`${this.graph.getNodeAttribute(node, "name")} ${pinned ? "is pinned: it stays in its place" : "is not pinned any more"}.`);
      }
      case "hide":
        if (node === this.center) return this.say("The center cannot be hidden.");
        return this.go(hiding(node));
      case "untangle":
        return this.untangle();
      case "center":
        return location.assign(centering(node, this.center));
      case "table":
        return document.querySelector<HTMLElement>("[data-table-tab]")?.click();
      case "png":
        if (this.sigma && this.theme) return download(this.sigma, this.theme.paper);
    }
  }

  private say(text: string): void {
    const told = this.querySelector("[data-said]");
    if (told) told.textContent = text;
  }
}

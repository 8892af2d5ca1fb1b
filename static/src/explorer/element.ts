/* <graph-explorer src="/api/v1/graph/…">: the picture inside it comes alive where WebGL is there, and stays as it is elsewhere. */
import Graph from "graphology";
import Sigma from "sigma";
import { type Colors, colors } from "./colors";
import { type Neighborhood, neighborhood, place } from "./data";
import type { Places, Task } from "./layout.worker";
import { nearest } from "./moving";
import { download } from "./png";
import { type Kind, KINDS, program } from "./shapes";

interface Shown {
  x: number;
  y: number;
  size: number;
  label: string;
  name: string;
  type: Kind;
  href: string;
  from: string;
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

export class GraphExplorer extends HTMLElement {
  private graph = new Graph({ type: "undirected" });
  private sigma: Sigma | undefined;
  private theme: Colors | undefined;
  private waiting = new AbortController();
  private telling = new AbortController();
  private center = "";
  private at = "";
  private chosen = "";

  connectedCallback(): void {
    if (!("WebGL2RenderingContext" in window) || !document.createElement("canvas").getContext("webgl2")) {
      this.say("This browser draws no WebGL, so the picture does not move. The table has everything.");
      return;
    }
    void this.load();
  }

  disconnectedCallback(): void {
    this.waiting.abort();
    this.sigma?.kill();
    this.sigma = undefined;
  }

  private async load(): Promise<void> {
    const slow = window.setTimeout(() => this.say("The graph is still on its way. The picture below is complete already."), SLOW);
    try {
      this.show(await neighborhood(this.getAttribute("src") ?? "", this.waiting.signal));
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
    this.center = data.center;
    this.chosen = this.getAttribute("selected") ?? "";
    this.at = this.chosen || data.center;
    this.add(data, "");
    const stage = this.querySelector<HTMLElement>("[data-canvas]");
    if (!stage) return;
    stage.hidden = false;
    this.querySelector(":scope > svg")?.setAttribute("hidden", "");
    for (const tools of this.querySelectorAll("[data-tools]")) tools.removeAttribute("hidden");
    this.theme = colors(this);
    this.sigma = new Sigma(this.graph, stage, {
      nodeProgramClasses: Object.fromEntries(KINDS.map((kind) => [kind, program(kind)])),
      nodeReducer: (node, data) => this.drawnNode(node, data as Shown),
      edgeReducer: (edge) => this.drawnEdge(edge),
      labelColor: { color: this.theme.ink },
      labelFont: getComputedStyle(this).fontFamily,
      labelSize: 13,
      labelRenderedSizeThreshold: 4,
      labelGridCellSize: 70,
      enableCameraRotation: false,
      defaultDrawNodeHover: () => undefined,
      zIndex: true,
    });
    this.sigma.on("clickNode", ({ node }) => this.choose(node));
    this.sigma.on("clickStage", () => this.choose(""));
    this.sigma.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
      preventSigmaDefault();
      void this.expand(node);
    });
    stage.onkeydown = (event) => this.key(event);
    for (const button of this.querySelectorAll<HTMLButtonElement>("[data-do]")) {
      button.onclick = () => void this.act(button.dataset["do"] ?? "");
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor(), { signal: this.waiting.signal });
  }

  private recolor(): void {
    this.theme = colors(this);
    this.sigma?.setSetting("labelColor", { color: this.theme.ink });
    this.sigma?.refresh();
  }

  private add(data: Neighborhood, from: string): string[] {
    const added: string[] = [];
    const origin = from ? (this.graph.getNodeAttributes(from) as Shown) : undefined;
    const own = data.nodes.find((node) => node.id === from);
    for (const node of data.nodes) {
      if (this.graph.hasNode(node.id)) continue;
      // What is unfolded stands around the node it belongs to, as it would around a center, at a third of the size.
      const x = origin && own ? origin.x + (node.x - own.x) / 3 : node.x;
      const y = origin && own ? origin.y - (node.y - own.y) / 3 : -node.y;
      const { short: label, label: name, size, url: href } = node;
      const data: Shown = { x, y, label, name, size, href, type: node.kind as Kind, from, pinned: !from };
      this.graph.addNode(node.id, data);
      added.push(node.id);
    }
    for (const { source, target, works, strength } of data.edges) {
      if (this.graph.hasNode(source) && this.graph.hasNode(target)) {
        this.graph.mergeEdge(source, target, { size: 1 + Math.min(strength, 2) * 0.7, works });
      }
    }
    return added;
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
      label: this.near(node) && (data.type !== "work" || this.chosen) ? data.label : "",
      color: palette?.[data.type] ?? "#888888",
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
    this.chosen = node;
    this.at = node || this.center;
    this.sigma?.refresh({ skipIndexation: true });
    const address = new URL(location.href);
    if (node && node !== this.center) address.searchParams.set("sel", node);
    else address.searchParams.delete("sel");
    history.replaceState(history.state, "", address);
    void this.tell(address);
  }

  /** Put the panel of another selection in the place of this one. */
  private async tell(address: URL): Promise<void> {
    this.telling.abort();
    this.telling = new AbortController();
    try {
      const answer = await fetch(address, { signal: this.telling.signal });
      const panel = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#detail");
      if (panel) document.querySelector("#detail")?.replaceChildren(...panel.childNodes);
    } catch {
      if (!this.telling.signal.aborted) this.say("The server did not answer. What is selected is in the address; load the page again.");
    }
  }

  /** Unfold what is next to a node, or fold it again. */
  private async expand(node: string): Promise<void> {
    const folded = this.graph.filterNodes((_other, data) => data.from === node && !data.pinned);
    if (folded.length) {
      for (const other of folded) this.graph.dropNode(other);
      this.say(`${folded.length} nodes folded.`);
      return;
    }
    try {
      const added = this.add(await neighborhood(`/api/v1/graph/${place(node)}`, this.waiting.signal), node);
      this.say(added.length ? `${added.length} nodes unfolded.` : "Everything next to it is here already.");
      if (added.length) await this.untangle();
    } catch (problem) {
      if (!this.waiting.signal.aborted) this.say(problem instanceof Error ? problem.message : "It could not be unfolded.");
    }
  }

  /** Move what is not pinned apart. */
  private untangle(): Promise<void> {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    const task: Task = {
      nodes: this.graph.mapNodes((id, { x, y, size, pinned }) => ({ id, x, y, size, fixed: pinned })),
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
    const order = this.graph.nodes();
    return order[(order.indexOf(this.at) + step + order.length) % order.length];
  }

  private visit(next: string | undefined): void {
    if (!next) return;
    this.at = next;
    const { name, type } = this.graph.getNodeAttributes(next) as Shown;
    this.say(`${name}, ${type}, ${this.graph.degree(next)} edges`);
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
        return this.expand(node);
      case "pin": {
        const pinned = !this.graph.getNodeAttribute(node, "pinned");
        this.graph.setNodeAttribute(node, "pinned", pinned);
        return this.say(`${this.graph.getNodeAttribute(node, "name")} ${pinned ? "is pinned: it stays when others are folded" : "is not pinned any more"}.`);
      }
      case "hide":
        if (node === this.center) return this.say("The center cannot be hidden.");
        this.graph.dropNode(node);
        return this.choose("");
      case "untangle":
        for (const other of this.graph.nodes()) this.graph.setNodeAttribute(other, "pinned", other === this.center);
        return this.untangle();
      case "center":
        return location.assign(`/explore/${place(node)}`);
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

/* The explorer's page works without this file: its picture and table are in the page already. */
import { GraphExplorer } from "./element";

customElements.define("graph-explorer", GraphExplorer);

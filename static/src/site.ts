/* Every page works without this file: htmx saves a page load, the search box suggests, menus close on Escape, curators have keys. */
import htmx from "htmx.org";
import { keys } from "./keys";
import { menus } from "./menus";
import { picking } from "./picking";
import { suggestions } from "./suggest";

// A strict Content-Security-Policy allows neither evaluated code nor inline style sheets.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
// Going back loads the page anew: no copy of what somebody read stays in the browser's storage.
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

// The swapped element tells assistive technology that it is about to change.
const busy = (event: Event, value: boolean): void => {
  const target = (event as CustomEvent<{ target?: Element }>).detail.target;
  if (value) target?.setAttribute("aria-busy", "true");
  else target?.removeAttribute("aria-busy");
};
document.addEventListener("htmx:beforeRequest", (event) => busy(event, true));
document.addEventListener("htmx:afterRequest", (event) => busy(event, false));

// htmx shows no page that says what is wrong. Whoever has asked by a form gets it; a look every other second is made again anyway.
type Failed = { elt: Element; requestConfig: { verb: string }; pathInfo: { finalRequestPath: string } };
document.addEventListener("htmx:responseError", (event) => {
  const { elt, requestConfig, pathInfo } = (event as CustomEvent<Failed>).detail;
  if (elt instanceof HTMLFormElement && requestConfig.verb === "get") location.assign(pathInfo.finalRequestPath);
});

suggestions();
menus();
picking();
keys();

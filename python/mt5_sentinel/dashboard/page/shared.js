// A worker that listens for all pages of this browser: a browser has six connections to a host, and with a stream for
// each page the sixth page would leave none for questions.
import { stream } from "./stream.js";

const pages = new Set();
let state = null;

const source = stream((news) => {
  state = news.state ?? state;
  for (const page of pages) page.postMessage(news);
});

self.onconnect = ({ ports: [page] }) => {
  page.onmessage = ({ data: wish }) => {
    if (wish === "listen") {
      pages.add(page);
      if (state === "live") page.postMessage({ state });
      else source.open();
      return;
    }
    pages.delete(page);
    if (pages.size > 0) return;
    source.close();
    state = null;
  };
};

"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("svg.picture");
const canvas = document.getElementById("canvas");
const panel = document.getElementById("panel");
const search = document.getElementById("search");
const count = document.getElementById("count");
const cards = new Map([...svg.querySelectorAll(".card")].map((card) => [card.dataset.address, card]));
const lines = [...svg.querySelectorAll(".link")];
const size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
let scale = 1;
let opened = null;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function zoom(wanted) {
  scale = Math.min(4, Math.max(0.05, wanted));
  svg.setAttribute("width", Math.round(size.width * scale));
  svg.setAttribute("height", Math.round(size.height * scale));
}

function fit() {
  zoom(Math.min(1, canvas.clientWidth / size.width));
}

// What stays bright: the cards in the set, and the lines between two of them, or at the one that is opened.
function light(addresses, only) {
  svg.classList.toggle("dimmed", addresses !== null);
  for (const [address, card] of cards) card.classList.toggle("lit", addresses !== null && addresses.has(address));
  for (const line of lines) {
    const { source, target } = line.dataset;
    const lit = addresses !== null && (only ? source === only || target === only : addresses.has(source) && addresses.has(target));
    line.classList.toggle("lit", lit);
  }
}

function text(address) {
  const card = data.cards[address];
  return [address, card.source, ...card.rows, ...card.resources.flat()].join("\n").toLowerCase();
}

const texts = new Map([...cards.keys()].map((address) => [address, text(address)]));

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) {
    count.textContent = "";
    light(null);
    return [];
  }
  const found = [...cards.keys()].filter((address) => words.every((word) => texts.get(address).includes(word)));
  count.textContent = `${found.length} of ${cards.size}`;
  light(new Set(found));
  return found;
}

function list(title, items) {
  if (!items.length) return;
  panel.append(element("h3", `${title} (${items.length})`));
  const ul = element("ul");
  for (const item of items) ul.append(item);
  panel.append(ul);
}

function edge(link, outward) {
  const item = element("li", undefined, link.quiet ? "quiet" : "");
  const other = outward ? link.target : link.source;
  const jump = element("button", other, "go");
  jump.addEventListener("click", () => open(outward ? link.to : link.from));
  item.append(outward ? `${link.source.includes("/") ? link.source.split("/")[1] + " " : ""}${link.relation} ` : "", jump);
  if (!outward) item.append(` ${link.relation} it`);
  if (link.status) item.append(` (${link.status})`);
  return item;
}

function open(address) {
  const card = data.cards[address];
  opened = address;
  panel.replaceChildren();
  panel.hidden = false;
  const close = element("button", "Close", "close");
  close.addEventListener("click", back);
  panel.append(close, element("h2", address), element("p", [card.place, card.status].filter(Boolean).join(" · ")));
  if (card.facts.length) list("Facts", card.facts.map(([label, value]) => element("li", `${label}: ${value}`)));
  if (card.source) panel.append(element("h3", "YAML"), element("pre", card.source));
  const outgoing = data.links.filter((link) => link.from === address);
  const incoming = data.links.filter((link) => link.to === address);
  list("Uses", outgoing.map((link) => edge(link, true)));
  list("Used by", incoming.map((link) => edge(link, false)));
  list("Creates", card.resources.map(([what, id]) => element("li", `${what}: ${id}`)));
  light(new Set([address, ...outgoing.map((link) => link.to), ...incoming.map((link) => link.from)]), address);
  cards.get(address).scrollIntoView({ block: "nearest", inline: "nearest" });
  panel.focus();
}

function back() {
  if (opened) cards.get(opened).focus();
  opened = null;
  panel.hidden = true;
  find();
}

// The nearest card in a direction: sideways counts in full, drifting off the line counts double.
function neighbour(card, key) {
  const here = card.getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const other of cards.values()) {
    if (other === card) continue;
    const there = other.getBoundingClientRect();
    const dx = there.left - here.left;
    const dy = there.top - here.top;
    const ahead = { ArrowLeft: -dx, ArrowRight: dx, ArrowUp: -dy, ArrowDown: dy }[key];
    const aside = Math.abs(key === "ArrowLeft" || key === "ArrowRight" ? dy : dx);
    if (ahead > 1 && ahead + 2 * aside < least) {
      least = ahead + 2 * aside;
      best = other;
    }
  }
  return best;
}

for (const [address, card] of cards) {
  card.addEventListener("click", () => open(address));
  card.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") open(address);
    else if (event.key.startsWith("Arrow")) neighbour(card, event.key)?.focus();
    else return;
    event.preventDefault();
  });
}
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") cards.get(find()[0])?.focus();
});
document.getElementById("in").addEventListener("click", () => zoom(scale * 1.25));
document.getElementById("out").addEventListener("click", () => zoom(scale / 1.25));
document.getElementById("fit").addEventListener("click", fit);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (opened) back();
    else {
      search.value = "";
      find();
    }
  } else if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "/") search.focus();
  else if (event.key === "+") zoom(scale * 1.25);
  else if (event.key === "-") zoom(scale / 1.25);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
});
fit();

// Builds a history by searching titles, shows what each model recommends, and why. Text from the data is only ever set
// as text, never as markup.
const $ = (id) => document.getElementById(id);
const state = { models: [], history: [], user: null, token: sessionStorage.getItem("token"), asked: 0, found: [], active: -1 };

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (state.token) headers.Authorization = `Bearer ${state.token}`;
  const answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401) $("token-form").hidden = false;
  if (!answer.ok) throw new Error(told.detail || `the service answered ${answer.status}`);
  return told;
}

function problem(error) {
  $("problem").textContent = error ? error.message : "";
  $("problem").hidden = !error;
}

async function start() {
  try {
    state.models = (await ask("v1/models")).models;
    $("models").textContent = state.models
      .map((m) => `${m.name}: ${m.items.toLocaleString()} items, ${m.users.toLocaleString()} users`).join(" · ");
    $("token-form").hidden = true;
    problem(null);
    render();
  } catch (error) { problem(error); }
}

// Search

let waiting;
$("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, 120);
});

async function search() {
  const query = $("search").value.trim();
  if (!query) return close();
  const asked = ++state.asked;
  try {
    const { items } = await ask(`v1/items?k=12&query=${encodeURIComponent(query.slice(0, 300))}`);
    if (asked !== state.asked) return;
    state.found = items;
    state.active = -1;
    $("found").replaceChildren(...items.map((item, n) => {
      const option = element("li", item.title, { role: "option", id: `found-${n}`, "aria-selected": "false" });
      option.addEventListener("mousedown", (event) => { event.preventDefault(); add(item); });
      return option;
    }));
    if (!items.length) $("found").append(element("li", "No item found", { role: "option", "aria-disabled": "true" }));
    $("found").hidden = false;
    $("search").setAttribute("aria-expanded", "true");
  } catch (error) { problem(error); }
}

function close() {
  ++state.asked;
  $("found").hidden = true;
  $("search").setAttribute("aria-expanded", "false");
  $("search").removeAttribute("aria-activedescendant");
}

$("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") return close();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !state.found.length || $("found").hidden) return;
  event.preventDefault();
  state.active = (state.active + step + state.found.length) % state.found.length;
  [...$("found").children].forEach((option, n) => option.setAttribute("aria-selected", n === state.active));
  $("search").setAttribute("aria-activedescendant", `found-${state.active}`);
  $(`found-${state.active}`).scrollIntoView({ block: "nearest" });
});
$("search").addEventListener("blur", () => setTimeout(close, 100));
$("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = state.found[Math.max(state.active, 0)];
  if (chosen && !$("found").hidden) add(chosen);
});

function add(item) {
  state.user = null;
  state.history.push({ id: item.item_id, title: item.title });
  $("search").value = "";
  close();
  render();
}

// History

$("user-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("user").value.trim()) return;
  state.user = $("user").value.trim();
  state.history = [];
  render();
});
$("clear").addEventListener("click", () => { state.user = null; state.history = []; render(); });
$("exclude-seen").addEventListener("change", () => render());
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = $("token").value;
  sessionStorage.setItem("token", state.token);
  start();
});

function renderHistory() {
  $("history").replaceChildren(...state.history.map((item, n) => {
    const row = element("li", item.title);
    const button = element("button", "Remove", { type: "button", "aria-label": `Remove ${item.title}` });
    button.addEventListener("click", () => { state.history.splice(n, 1); render(); });
    row.append(button);
    return row;
  }));
  $("history-empty").hidden = state.history.length > 0 || state.user !== null;
  $("whose").hidden = state.user === null;
  $("whose").textContent = state.user === null ? "" : `The history of user ${state.user}.`;
}

// Recommendations

let rendered = 0;
async function render() {
  renderHistory();
  const mine = ++rendered;
  $("why").hidden = true;
  if (!state.history.length && state.user === null) return $("columns").replaceChildren();
  const who = state.user === null ? { history: state.history.map((item) => item.id) } : { user_id: state.user };
  const asked = { ...who, k: 10, exclude_seen: $("exclude-seen").checked };
  try {
    const answers = await Promise.all(
      state.models.map((model) => ask("v1/recommendations", { ...asked, model: model.name })));
    if (mine !== rendered) return;
    problem(null);
    $("columns").replaceChildren(...answers.map((answer, n) => column(answer, n, answers)));
  } catch (error) {
    if (mine !== rendered) return;
    $("columns").replaceChildren();
    problem(error);
  }
}

function column(answer, number, answers) {
  const model = state.models[number];
  const box = element("div", undefined, { class: "card" });
  box.append(element("h3", model.name, { title: answer.model }));
  const list = element("ol", undefined, { class: "recommended", "aria-label": `Recommended by ${model.name}` });
  const scores = answer.items.map((item) => item.score);
  const [best, worst] = [Math.max(...scores), Math.min(...scores)];
  const others = answers.length > 1 ? answers[1 - Math.min(number, 1)].items.map((item) => item.item_id) : null;
  for (const item of answer.items) {
    const row = element("li");
    const only = others && !others.includes(item.item_id);
    row.append(element("span", item.title, only ? { class: "only", title: "not among the other model's" } : {}));
    if (model.explains && state.user === null) {
      const why = element("button", "Why?", { type: "button", class: "why", "aria-label": `Why ${item.title}?` });
      why.addEventListener("click", () => explain(model, item));
      row.append(why);
    }
    const share = best > worst ? 0.15 + 0.85 * (item.score - worst) / (best - worst) : 1;
    row.append(element("div", undefined, { class: "bar", style: `width: ${Math.round(100 * share)}%`, title: item.score.toFixed(3) }));
    list.append(row);
  }
  if (!answer.items.length) box.append(element("p", "Nothing is left to recommend.", { class: "quiet" }));
  box.append(list);
  return box;
}

async function explain(model, item) {
  try {
    const history = state.history.map((one) => one.id);
    const told = await ask("v1/explanations", { history, item_id: item.item_id, model: model.name });
    const content = [element("h3", `People with like histories, and what they had next`)];
    for (const like of told.histories) {
      const row = element("p", undefined, { class: "case" });
      row.append(`${like.titles.slice(-6).join(" → ")} → `, element("b", like.next_title));
      row.append(element("span", ` (likeness ${like.similarity.toFixed(2)}${like.has_item ? ", the item recommended here" : ""})`, { class: "quiet" }));
      content.push(row);
    }
    content.push(element("h3", "Items that could stand in place of those in the history"));
    for (const one of told.items) {
      const row = element("p", undefined, { class: "case" });
      row.append(element("b", one.title), `: ${one.neighbours.map((n) => n.title).join("; ") || "none"}`);
      content.push(row);
    }
    $("why-heading").textContent = `Why ${item.title}?`;
    $("why-content").replaceChildren(...content);
    $("why").hidden = false;
    $("why").scrollIntoView({ behavior: "smooth", block: "nearest" });
  } catch (error) { problem(error); }
}

start();

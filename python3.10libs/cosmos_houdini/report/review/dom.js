// Elements of the page. A text is set as a text and never read as HTML, so that a prompt stays what it says.

const AS_PROPERTY = new Set(["value", "checked", "selected", "disabled", "muted", "hidden", "htmlFor", "textContent"]);

/**
 * Make an element.
 * @param {string} tag - its name
 * @param {Object} properties - attributes; `class`; `on`, an object of listeners; properties of AS_PROPERTY
 * @param {...(Node|string|null|false|Array)} children - null and false are left out
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") listenAll(node, value);
    else if (name === "class") node.className = value;
    else if (AS_PROPERTY.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an element of SVG; `on` and children are as for `el`. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") listenAll(node, value);
    else node.setAttribute(name, String(value));
  }
  node.append(...present(children));
  return node;
}

function listenAll(node, listeners) {
  for (const [event, listener] of Object.entries(listeners)) node.addEventListener(event, listener);
}

function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

/** Make a button with a name that screen readers say, and that shows on hover with its key. */
export function button(label, action, { face = label, key = "", ...others } = {}) {
  const title = key ? `${label} (${key})` : label;
  return el("button", { type: "button", title, "aria-label": label, on: { click: action }, ...others }, face);
}

/** Make a `<select>` with a label. */
export function choice(label, options, chosen, action) {
  const list = el(
    "select",
    { "aria-label": label, title: label, on: { change: () => action(list.value) } },
    options.map(([value, name]) => el("option", { value, selected: value === chosen }, name)),
  );
  return list;
}

const live = () => document.getElementById("live");

/** Say a sentence: screen readers read it, and it is shown for some seconds. */
export function say(sentence) {
  const place = live();
  place.textContent = sentence;
  place.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => place.classList.remove("shown"), 2500);
}

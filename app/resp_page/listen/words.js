// The page's words and the way its language writes numbers.

/** Return a function that says one of the messages, with its values put in; a count chooses between one and several. */
export function speaker(messages) {
  return (key, values = {}) => {
    const found = messages[key] ?? key;
    const text = typeof found === "string" ? found : found[values.count === 1 ? "one" : "other"];
    return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
  };
}

/** Return a function that writes a number with so many digits behind the decimal sign, and a true minus sign. */
export function writer(language) {
  const made = new Map();
  return (value, digits = 0) => {
    if (!made.has(digits)) {
      const style = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
      made.set(digits, new Intl.NumberFormat(language, style));
    }
    return made.get(digits).format(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).replace("-", "\u2212");
  };
}

/** Make an element: what is set on it, and what is in it. Text is always text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Return a sign drawn in lines (or filled) on 24 by 24. */
export function icon(path, filled = false) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  if (filled) line.setAttribute("class", "filled");
  made.append(line);
  return made;
}

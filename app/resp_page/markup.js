// Puts markup that Python made (every text in it escaped) in place and tells Python what was chosen in it.
// Links stay links: with a modifier key, the middle button or a right click the browser does what it always does.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".resp-markup");
  const active = () => root.getRootNode().activeElement;
  const choices = () => [...root.querySelectorAll("[data-choose]")];

  if (root.shown !== data.markup) {
    // A list that is brought up to date keeps the focus where it was.
    const held = root.contains(active()) ? active().dataset.choose : undefined;
    root.innerHTML = data.markup;
    root.shown = data.markup;
    if (held) choices().find((one) => one.dataset.choose === held)?.focus();
  }

  const choose = (event) => {
    const one = event.target.closest("[data-choose]");
    if (!one || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setTriggerValue("chosen", one.dataset.choose);
  };

  // In a map the arrow keys go to the nearest place that lies that way.
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const middle = (one) => {
    const box = one.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const press = (event) => {
    const one = event.target.closest("[data-choose]");
    if (!one) return;
    if (one.tagName !== "A" && (event.key === "Enter" || event.key === " ")) {
      choose(event);
    } else if (ways[event.key] && one.closest("[data-map]")) {
      const [x, y] = middle(one);
      const [right, down] = ways[event.key];
      let nearest, least = Infinity;
      for (const other of choices()) {
        const [dx, dy] = [middle(other)[0] - x, middle(other)[1] - y];
        const ahead = dx * right + dy * down;
        const beside = Math.abs(dx * down) + Math.abs(dy * right);
        if (ahead > 1 && ahead + 2 * beside < least) [nearest, least] = [other, ahead + 2 * beside];
      }
      if (nearest) {
        event.preventDefault();
        // One stop for the Tab key: the place that was last looked at.
        one.tabIndex = -1;
        nearest.tabIndex = 0;
        nearest.focus();
      }
    }
  };

  root.addEventListener("click", choose);
  root.addEventListener("keydown", press);
  return () => {
    root.removeEventListener("click", choose);
    root.removeEventListener("keydown", press);
  };
}

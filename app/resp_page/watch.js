// Says that it is time to look again, when the page has been at rest for so long and somebody can see it.
// What is asked of the server while a click is on its way to another page would be answered into that page.
const STEP_MS = 200;
const HANDS_OFF_MS = 1000;
const TOUCHES = ["pointerdown", "click", "keydown", "input", "drop", "paste"];

export default function ({ data, setTriggerValue }) {
  const app = document.querySelector("[data-test-script-state]");
  const busy = () => app !== null && app.dataset.testScriptState !== "notRunning";
  let rested = 0, touched = 0, last = performance.now();

  const touch = () => {
    touched = performance.now();
  };
  const step = () => {
    const now = performance.now();
    rested = busy() ? 0 : rested + (now - last);
    last = now;
    if (rested < 1000 * data.every_s || now - touched < HANDS_OFF_MS || document.hidden) return;
    rested = 0;
    setTriggerValue("due", true);
  };

  TOUCHES.forEach((kind) => addEventListener(kind, touch, { capture: true, passive: true }));
  const timer = setInterval(step, STEP_MS);
  return () => {
    clearInterval(timer);
    TOUCHES.forEach((kind) => removeEventListener(kind, touch, { capture: true }));
  };
}

// Puts the picture in place, moves its cursor with the player beside it, and seeks where the picture is clicked.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".picture");
  root.innerHTML = data.markup;
  const plot = root.querySelector(".plot");
  const cursor = root.querySelector(".cursor");
  const player = () => document.querySelector(data.player);

  let frame = 0;
  const follow = () => {
    const sound = player();
    if (!sound) return;
    cursor.hidden = sound.paused && sound.currentTime === 0;
    cursor.style.left = `${(100 * Math.min(sound.currentTime, data.duration_s)) / data.duration_s}%`;
    cancelAnimationFrame(frame);
    if (!sound.paused) frame = requestAnimationFrame(follow);
  };
  const heard = (event) => event.target === player() && follow();
  const seek = (event) => {
    const sound = player();
    const box = plot.getBoundingClientRect();
    if (sound) sound.currentTime = (data.duration_s * (event.clientX - box.left)) / box.width;
  };

  // Media events do not bubble, but they can be caught on their way down.
  const events = ["play", "seeking", "seeked", "pause"];
  events.forEach((name) => document.addEventListener(name, heard, true));
  plot.addEventListener("click", seek);
  return () => {
    cancelAnimationFrame(frame);
    events.forEach((name) => document.removeEventListener(name, heard, true));
  };
}

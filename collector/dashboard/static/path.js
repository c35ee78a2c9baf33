// The chart of a path: its median coloured by loss, within what its probes spread over.
"use strict";

(() => {
  const place = document.getElementById("chart");
  const source = document.getElementById("points");
  if (!place || !source || typeof uPlot === "undefined") return;
  const given = JSON.parse(source.textContent);

  // A gap of more than three steps is one: there was no result, and no line goes across.
  const columns = ["low", "q1", "p50", "q3", "high", "loss", "n"];
  const data = { ts: [] };
  for (const name of columns) data[name] = [];
  const steps = [];
  for (let i = 1; i < given.ts.length; i++) steps.push(given.ts[i] - given.ts[i - 1]);
  steps.sort((a, b) => a - b);
  const usualStep = given.step || steps[steps.length >> 1] || 0;
  const longest = Math.max(3 * usualStep, 3 * (steps[steps.length >> 1] || 0));
  for (let i = 0; i < given.ts.length; i++) {
    if (i && longest && given.ts[i] - given.ts[i - 1] > longest) {
      data.ts.push((given.ts[i] + given.ts[i - 1]) / 2);
      for (const name of columns) data[name].push(null);
    }
    data.ts.push(given.ts[i]);
    for (const name of columns) data[name].push(given[name][i]);
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hue = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const LOSS_HEIGHT = 40;
  let chart = null;

  function hueOf(loss) {
    if (!loss) return hue("blue");
    return loss > 0.1 ? hue("red") : hue("amber");
  }

  // The median, drawn piece by piece: each in the hue of what was lost at its end.
  function drawMedian(u) {
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.lineJoin = "round";
    const [from, to] = u.series[0].idxs;
    let last = null;
    let colour = null;
    const colours = new Map();
    for (const loss of [0, 0.05, 0.5]) colours.set(loss, hueOf(loss));
    const pick = (loss) => colours.get(!loss ? 0 : loss > 0.1 ? 0.5 : 0.05);
    for (let i = from; i <= to; i++) {
      const value = data.p50[i];
      if (value === null || value === undefined) {
        if (last) ctx.stroke();
        last = null;
        continue;
      }
      const x = u.valToPos(data.ts[i], "x", true);
      const y = u.valToPos(value, "y", true);
      const now = pick(data.loss[i]);
      if (!last) {
        ctx.beginPath();
        ctx.strokeStyle = colour = now;
        ctx.moveTo(x, y);
        // A point between two gaps is a point.
        if (data.p50[i + 1] === null || data.p50[i + 1] === undefined) {
          ctx.fillStyle = now;
          ctx.fillRect(x - 2, y - 2, 4, 4);
        }
      } else {
        if (now !== colour) {
          ctx.stroke();
          ctx.beginPath();
          ctx.strokeStyle = colour = now;
          ctx.moveTo(...last);
        }
        ctx.lineTo(x, y);
      }
      last = [x, y];
    }
    if (last) ctx.stroke();
    if (given.usual !== null) {
      const y = u.valToPos(given.usual, "y", true);
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.lineWidth = devicePixelRatio;
      ctx.strokeStyle = hue("soft");
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, y);
      ctx.lineTo(u.bbox.left + u.bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
    drawLoss(u, from, to);
  }

  // Loss as bars at the foot; the full height is half of all probes.
  function drawLoss(u, from, to) {
    const { ctx } = u;
    const foot = u.bbox.top + u.bbox.height;
    const full = LOSS_HEIGHT * devicePixelRatio;
    const width = Math.max(1.5 * devicePixelRatio, Math.min(5 * devicePixelRatio, u.bbox.width / Math.max(1, to - from) - 1));
    const some = data.loss.some((loss) => loss);
    if (!some) return;
    ctx.save();
    ctx.fillStyle = hue("soft");
    ctx.font = `${11 * devicePixelRatio}px Inter, sans-serif`;
    ctx.textAlign = "left";
    ctx.fillText("loss (full height 50 %)", u.bbox.left + 4, foot - full - 4 * devicePixelRatio);
    for (let i = from; i <= to; i++) {
      const loss = data.loss[i];
      if (!loss) continue;
      ctx.fillStyle = hueOf(loss);
      const height = Math.max(2 * devicePixelRatio, Math.min(1, loss / 0.5) * full);
      ctx.fillRect(u.valToPos(data.ts[i], "x", true) - width / 2, foot - height, width, height);
    }
    ctx.restore();
  }

  function rangeOf(u, low, high) {
    if (low === null || low === undefined) return [0, 1];
    // What all but a hundredth takes: one late answer must not press the rest together.
    const highs = data.high.filter((value) => value !== null).sort((a, b) => a - b);
    const top = Math.max(highs[Math.floor((highs.length - 1) * 0.99)] ?? high, given.usual ?? 0);
    const least = Math.min(low, given.usual ?? low);
    const room = Math.max((top - least) * 0.08, top * 0.02, 0.001);
    const foot = data.loss.some((loss) => loss) ? (top - least + 2 * room) * 0.28 : 0;
    return [Math.max(0 - foot, least - room - foot), top + room];
  }

  function make() {
    const size = { width: Math.max(260, place.clientWidth), height: innerWidth < 700 ? 260 : 400 };
    const axis = {
      stroke: hue("soft"),
      font: "12px Inter, sans-serif",
      grid: { stroke: hue("line"), width: 1 },
      ticks: { show: false },
    };
    const none = { points: { show: false }, stroke: "transparent", width: 0 };
    chart?.destroy();
    chart = new uPlot(
      {
        ...size,
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
        legend: { show: true, live: true, markers: { show: false } },
        scales: { y: { range: rangeOf } },
        axes: [
          { ...axis, space: 90, values: (u, stamps, at, space, step) => stamps.map((ts) => stamp(ts, step)) },
          { ...axis, size: 64, space: 40, values: (u, values) => values.map((value) => (value < 0 ? "" : `${+value.toPrecision(4)} ms`)) },
        ],
        series: [
          { label: "UTC", value: (u, ts) => (ts === null || ts === undefined ? "–" : new Date(ts * 1000).toISOString().slice(0, 16).replace("T", " ")) },
          { label: "least", ...none, value: ms },
          { label: "greatest", ...none, value: ms },
          { label: "25 %", ...none, value: ms },
          { label: "median", ...none, value: ms },
          { label: "75 %", ...none, value: ms },
          { label: "lost", ...none, scale: "loss", value: (u, loss) => (loss === null || loss === undefined ? "–" : `${+(loss * 100).toPrecision(2)} %`) },
        ],
        bands: [
          // Drawn in the order of the series: the narrow one over the wide one.
          { series: [2, 1], fill: hue("band-wide") },
          { series: [5, 3], fill: hue("band-narrow") },
        ],
        hooks: {
          draw: [drawMedian],
          setSelect: [
            (u) => {
              if (u.select.width < 6) return;
              const from = u.posToVal(u.select.left, "x");
              const to = u.posToVal(u.select.left + u.select.width, "x");
              const address = new URL(place.dataset.address, location.href);
              address.searchParams.set("since", new Date(from * 1000).toISOString());
              address.searchParams.set("until", new Date(Math.max(to, from + 60) * 1000).toISOString());
              location.assign(address);
            },
          ],
        },
      },
      [data.ts, data.low, data.high, data.q1, data.p50, data.q3, data.loss],
      place,
    );
    place.dataset.drawn = "true";
  }

  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  // A day where the axis goes by days, else a time of day; midnight is the day that it begins.
  function stamp(ts, step) {
    const at = new Date(ts * 1000);
    const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
    if (step >= 27 * 86400) return `${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
    if (step >= 86400 || (!at.getUTCHours() && !at.getUTCMinutes())) return day;
    return at.toISOString().slice(11, 16);
  }

  function ms(u, value) {
    return value === null || value === undefined ? "–" : `${+value.toPrecision(4)} ms`;
  }

  make();
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(make, 150);
  });
  dark.addEventListener("change", make);
})();

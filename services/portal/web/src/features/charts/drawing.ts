// Charts as shapes, from which the page and an exported picture are made alike; and as a table. Pure.

export type Figure = { label: string; count: number; value?: string | undefined };
export type Kind = "bar" | "pie" | "histogram";

export type Shape =
  | { kind: "rect"; x: number; y: number; width: number; height: number; strength: number }
  | { kind: "path"; d: string; strength: number }
  | { kind: "text"; x: number; y: number; text: string; anchor: "start" | "middle" | "end" };

export type Drawing = { width: number; height: number; shapes: Shape[] };

const WIDTH = 480;
const LINE = 24;
const LABEL = 150;
const NUMBER = 70;
const LETTERS = 22;
const TALL = 160;

const short = (text: string): string => (text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text);

/** Figures that may not be told (below zero) have no shape: they are locked, and not small. */
export function draw(kind: Kind, figures: Figure[], written: (count: number) => string): Drawing {
  if (kind === "pie") return pie(figures, written);
  return kind === "bar" ? bars(figures, written) : histogram(figures, written);
}

function bars(figures: Figure[], written: (count: number) => string): Drawing {
  const most = Math.max(1, ...figures.map(({ count }) => count));
  const room = WIDTH - LABEL - NUMBER;
  const shapes = figures.flatMap(({ label, count }, place): Shape[] => {
    const y = place * LINE;
    const width = (Math.max(0, count) / most) * room;
    return [
      { kind: "text", x: 0, y: y + 16, text: short(label), anchor: "start" },
      { kind: "rect", x: LABEL, y: y + 4, width, height: LINE - 8, strength: 1 },
      {
        kind: "text",
        x: LABEL + width + 8,
        y: y + 16,
        text: count < 0 ? "🔒" : written(count),
        anchor: "start",
      },
    ];
  });
  return { width: WIDTH, height: Math.max(LINE, figures.length * LINE), shapes };
}

function pie(figures: Figure[], written: (count: number) => string): Drawing {
  const shown = figures.filter(({ count }) => count > 0);
  const all = shown.reduce((sum, { count }) => sum + count, 0);
  const [radius, hole] = [TALL / 2, TALL / 4];
  let turn = 0;
  const shapes = shown.flatMap(({ count }, place): Shape[] => {
    const share = count / all;
    const [from, to] = [turn, turn + share];
    turn = to;
    const middle = at((from + to) / 2, (radius + hole) / 2, radius);
    // Lighter and lighter; the numbers tell which is which.
    const strength = 1 - (0.75 * place) / Math.max(1, shown.length - 1);
    const slice: Shape = { kind: "path", d: ring(from, to, radius, hole), strength };
    return share > 0.04
      ? [slice, { kind: "text", x: middle.x, y: middle.y + 4, text: String(place + 1), anchor: "middle" }]
      : [slice];
  });
  const legend = shown.flatMap(({ label, count }, place): Shape[] => [
    {
      kind: "text",
      x: TALL + 24,
      y: 16 + place * 20,
      text: `${place + 1}  ${short(label)}`,
      anchor: "start",
    },
    { kind: "text", x: WIDTH, y: 16 + place * 20, text: written(count), anchor: "end" },
  ]);
  return { width: WIDTH, height: Math.max(TALL, 20 + shown.length * 20), shapes: [...shapes, ...legend] };
}

const at = (turn: number, distance: number, centre: number) => ({
  x: centre + distance * Math.sin(2 * Math.PI * turn),
  y: centre - distance * Math.cos(2 * Math.PI * turn),
});

function ring(from: number, to: number, radius: number, hole: number): string {
  // A whole turn would begin where it ends, and so be none.
  const end = Math.min(to, from + 0.99999);
  const isLarge = end - from > 0.5 ? 1 : 0;
  const point = (turn: number, distance: number) => {
    const { x, y } = at(turn, distance, radius);
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  };
  return [
    `M ${point(from, radius)}`,
    `A ${radius} ${radius} 0 ${isLarge} 1 ${point(end, radius)}`,
    `L ${point(end, hole)}`,
    `A ${hole} ${hole} 0 ${isLarge} 0 ${point(from, hole)} Z`,
  ].join(" ");
}

function histogram(figures: Figure[], written: (count: number) => string): Drawing {
  const most = Math.max(1, ...figures.map(({ count }) => count));
  const step = WIDTH / Math.max(1, figures.length);
  const shapes = figures.map(({ count }, place): Shape => {
    const height = (Math.max(0, count) / most) * (TALL - 20);
    return {
      kind: "rect",
      x: place * step + 1,
      y: TALL - height,
      width: Math.max(1, step - 2),
      height,
      strength: 1,
    };
  });
  const label = (figure: Figure | undefined, x: number, anchor: "start" | "end"): Shape[] =>
    figure ? [{ kind: "text", x, y: TALL + 18, text: figure.label, anchor }] : [];
  return {
    width: WIDTH,
    height: TALL + 24,
    shapes: [
      ...shapes,
      ...label(figures[0], 0, "start"),
      ...label(figures.length > 1 ? figures.at(-1) : undefined, WIDTH, "end"),
      { kind: "text", x: 0, y: 12, text: written(most), anchor: "start" },
    ],
  };
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** The drawing as a file of its own, black on white. */
export function svgOf(title: string, { width, height, shapes }: Drawing): string {
  const drawn = shapes.map((shape) => {
    if (shape.kind === "text") {
      const { x, y, text, anchor } = shape;
      return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;
    }
    const look = `fill="#00637a" fill-opacity="${shape.strength.toFixed(2)}" stroke="#fff"`;
    if (shape.kind === "path") return `<path d="${shape.d}" ${look}/>`;
    return `<rect x="${shape.x}" y="${shape.y}" width="${shape.width}" height="${shape.height}" ${look}/>`;
  });
  const top = 36;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 32}" height="${height + top + 16}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>
<g transform="translate(16 ${top})">
${drawn.join("\n")}
</g>
</svg>
`;
}

/** The same figures as a table; what may not be told has no number. */
export function tsvOf(name: string, figures: Figure[], count: string): string {
  const cell = (text: string) => text.replace(/[\t\n\r]/g, " ");
  const lines = figures.map(({ label, count }) => `${cell(label)}\t${count < 0 ? "" : count}`);
  return `${[`${cell(name)}\t${cell(count)}`, ...lines].join("\n")}\n`;
}

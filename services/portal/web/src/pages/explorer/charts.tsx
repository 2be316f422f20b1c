// Charts of the documents that are left, each with an equal table, and as a file.

import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { type Drawing, draw, type Figure, svgOf, tsvOf } from "../../features/charts/drawing.ts";
import type { Chart } from "../../features/explorer/config.ts";
import { type Asked, chartsQuery, type Facet, type Index, isNumeric } from "../../features/explorer/query.ts";
import { Actions, Button } from "../../ui/controls.tsx";
import { Part } from "../../ui/page.tsx";
import { save } from "../../ui/save.ts";
import { Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

type Props = { index: Index; asked: Asked; charts: Chart[]; nameOf: (field: string) => string };

export function Charts({ index, asked, charts, nameOf }: Props) {
  const t = useText();
  const known = charts.flatMap((chart) => {
    const field = index.fields.find(({ field, facet }) => field === chart.field && facet);
    // Numbers have no few values that could be slices.
    return field
      ? [{ ...chart, kind: isNumeric(field) && chart.kind !== "count" ? "histogram" : chart.kind }]
      : [];
  }) as Chart[];
  const figures = useQuery(chartsQuery(asked, known));
  if (known.length === 0) return null;
  return (
    <Part title={t("Charts")}>
      {figures.isPending ? <Loading lines={4} /> : null}
      {figures.error ? (
        <Failed error={figures.error} what={t("Charts")} retry={() => void figures.refetch()} />
      ) : null}
      <div className={css.charts} data-stale={figures.isPlaceholderData || undefined}>
        {known.map((chart, place) => {
          const facet = figures.data?.fields[place];
          const title = chart.title ?? nameOf(chart.field);
          return facet && facet.field === chart.field ? (
            <One key={chart.field} chart={chart} title={title} facet={facet} />
          ) : null;
        })}
      </div>
    </Part>
  );
}

function useFigures(facet: Facet, kind: Chart["kind"]): Figure[] {
  const t = useText();
  const { number } = useFormats();
  const told =
    kind === "histogram"
      ? (facet.bins ?? []).map(({ from, to, count }) => ({ label: `${number(from)} – ${number(to)}`, count }))
      : (facet.buckets ?? []).map(({ key, count }) => ({ label: String(key), count }));
  const others = facet.others ? [{ label: t("others"), count: facet.others }] : [];
  const missing = facet.missing ? [{ label: t("no value"), count: facet.missing }] : [];
  return [...told, ...others, ...missing];
}

function One({ chart, title, facet }: { chart: Chart; title: string; facet: Facet }) {
  const t = useText();
  const { number } = useFormats();
  const id = useId();
  const figures = useFigures(facet, chart.kind);
  const locked = figures.filter(({ count }) => count < 0).length;
  const columns: Column<Figure>[] = [
    { title, isHeader: true, cell: ({ label }) => label },
    { title: t("Documents"), isNumber: true, cell: ({ count }) => (count < 0 ? t("hidden") : number(count)) },
  ];
  // The bins alone are on a line; what has no value is told below.
  const shown = chart.kind === "histogram" ? figures.slice(0, facet.bins?.length ?? 0) : figures;
  const drawing = chart.kind === "count" ? undefined : draw(chart.kind, shown, number);
  return (
    <figure className={css.chart} aria-labelledby={id}>
      <figcaption id={id}>
        <h3>{title}</h3>
        <p className="quiet small">{summary()}</p>
      </figcaption>
      {drawing ? (
        <Picture drawing={drawing} label={`${title}. ${summary()}`} />
      ) : (
        <p className={css.figure}>{number(facet.distinct ?? facet.buckets?.length ?? 0)}</p>
      )}
      <details>
        <summary>{t("As a table")}</summary>
        <Table label={title} columns={columns} rows={figures} keyOf={({ label }) => label} />
      </details>
      <Actions>
        <Button
          kind="bare"
          aria-label={t("{title} as TSV", { title })}
          onPress={() =>
            save(`${title}.tsv`, tsvOf(title, figures, t("Documents")), "text/tab-separated-values")
          }
        >
          TSV
        </Button>
        {drawing ? (
          <>
            <Button
              kind="bare"
              aria-label={t("{title} as SVG", { title })}
              onPress={() => save(`${title}.svg`, svgOf(title, drawing), "image/svg+xml")}
            >
              SVG
            </Button>
            <Button
              kind="bare"
              aria-label={t("{title} as PNG", { title })}
              onPress={() => void savePng(title, svgOf(title, drawing))}
            >
              PNG
            </Button>
          </>
        ) : null}
      </Actions>
    </figure>
  );

  function summary(): string {
    const told = figures.filter(({ count }) => count >= 0);
    const [first] = [...told].sort((a, b) => b.count - a.count);
    const most = first
      ? t("most: {label} ({count})", { label: first.label, count: number(first.count) })
      : t("No value");
    return locked > 0
      ? `${most}; ${t("{count, plural, one {# figure is hidden} other {# figures are hidden}}", { count: locked })}`
      : most;
  }
}

function Picture({ drawing, label }: { drawing: Drawing; label: string }) {
  const { width, height, shapes } = drawing;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} className={css.drawing}>
      {shapes.map((shape, place) => {
        const key = place;
        if (shape.kind === "text") {
          return (
            <text key={key} x={shape.x} y={shape.y} textAnchor={shape.anchor}>
              {shape.text}
            </text>
          );
        }
        if (shape.kind === "path") return <path key={key} d={shape.d} fillOpacity={shape.strength} />;
        return <rect key={key} x={shape.x} y={shape.y} width={shape.width} height={shape.height} />;
      })}
    </svg>
  );
}

/** Twice as large, for screens with small dots and for print. */
const SCALE = 2;

async function savePng(title: string, svg: string): Promise<void> {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth * SCALE, image.naturalHeight * SCALE];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (png) save(`${title}.png`, png, "image/png");
}

// The data dictionary as a graph that is walked by arrows: along the links, and beside each other.

import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useText } from "../../app/text.ts";
import { CELL, graphOf, type Key, type Place, positions, walked } from "../../features/dictionary/graph.ts";
import type { Dictionary } from "../../features/dictionary/model.ts";
import css from "./page.module.css";

const KEYS: string[] = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"] satisfies Key[];

export function GraphView({ dictionary }: { dictionary: Dictionary }) {
  const t = useText();
  const graph = useMemo(() => graphOf(dictionary), [dictionary]);
  const { at, width, height } = useMemo(() => positions(graph), [graph]);
  const [here, setHere] = useState(graph.layers[0]?.[0]?.id ?? "");
  const [isIn, setIsIn] = useState(false);
  const links = useRef(new Map<string, HTMLAnchorElement>());
  const walk = (event: KeyboardEvent) => {
    if (!KEYS.includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const next = walked(graph, here, event.key as Key);
    setHere(next);
    links.current.get(next)?.focus();
  };
  const all = [...graph.byId.values()];
  const edges = all.flatMap((node) => node.parents.map((parent) => ({ from: node.id, to: parent })));
  return (
    <>
      <p className="quiet">
        {t("Arrows up and down follow links, left and right go to the next node, Enter opens it.")}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus. */}
      <section className={css.graph} aria-label={t("Graph of the dictionary")} tabIndex={0}>
        <div className={css.canvas} ref={(element) => size(element, width, height)}>
          <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
            {edges.map(({ from, to }) => {
              const isNear = isIn && (from === here || to === here);
              return (
                <path
                  key={`${from} ${to}`}
                  d={curve(at.get(from), at.get(to))}
                  data-near={isNear || undefined}
                />
              );
            })}
          </svg>
          <ul>
            {graph.layers.flat().map((node) => (
              <li key={node.id} ref={(element) => stand(element, at.get(node.id))}>
                <Link
                  to="/dd/$node"
                  params={{ node: node.id }}
                  ref={(element: HTMLAnchorElement | null) => {
                    if (element) links.current.set(node.id, element);
                  }}
                  tabIndex={node.id === here ? 0 : -1}
                  aria-label={told(node)}
                  onKeyDown={walk}
                  onFocus={() => {
                    setHere(node.id);
                    setIsIn(true);
                  }}
                  onBlur={() => setIsIn(false)}
                >
                  {node.id}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      </section>
    </>
  );

  function told({ id, parents }: Place): string {
    return parents.length > 0
      ? t("{node}, links to {targets}", { node: id, targets: parents.join(", ") })
      : id;
  }
}

// Set by script and not by attributes, which the policy of the pages forbids.
function size(element: HTMLElement | null, width: number, height: number): void {
  if (!element) return;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
}

function stand(element: HTMLElement | null, at: { x: number; y: number } | undefined): void {
  if (!element || !at) return;
  element.style.left = `${at.x - CELL.width / 2}px`;
  element.style.top = `${at.y - CELL.height / 2}px`;
}

function curve(from: { x: number; y: number } | undefined, to: { x: number; y: number } | undefined): string {
  if (!from || !to) return "";
  const [start, end] = [from.y - 18, to.y + 18];
  const middle = (start + end) / 2;
  return `M ${from.x} ${start} C ${from.x} ${middle}, ${to.x} ${middle}, ${to.x} ${end}`;
}

// The frame of a page: its title, which takes the focus when somebody comes here, and its parts.

import { type ReactNode, useEffect, useRef } from "react";
import { boot } from "../app/boot.ts";
import css from "./page.module.css";

let isFirst = true;

export function Page(props: {
  title: string;
  /** What stands above the title: where one is. */
  above?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = props.title === boot.title ? boot.title : `${props.title} · ${boot.title}`;
    // After a navigation readers of the screen are told where they are; a page that was opened tells it anyway.
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, [props.title]);
  return (
    <div className={css.page}>
      <div className={css.head}>
        <div>
          {props.above ? <div className={css.above}>{props.above}</div> : null}
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.lead ? <div className={css.lead}>{props.lead}</div> : null}
        </div>
        {props.actions ? <div className={css.actions}>{props.actions}</div> : null}
      </div>
      {props.children}
    </div>
  );
}

/** A part of a page, with a heading. */
export function Part(props: { title: string; id?: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.part} id={props.id}>
      <div className={css.partHead}>
        <h2>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** Things beside each other that stand below each other where there is no room. */
export function Row({ children }: { children: ReactNode }) {
  return <div className={css.row}>{children}</div>;
}

export function Stack({ children }: { children: ReactNode }) {
  return <div className={css.stack}>{children}</div>;
}

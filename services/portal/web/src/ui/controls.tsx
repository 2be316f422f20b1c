// Buttons and fields: the browser's own controls with the look of this site. Dialogs are in dialog.tsx.

import { type MouseEvent, type ReactNode, type Ref, useId } from "react";
import css from "./ui.module.css";

type Kind = "primary" | "plain" | "danger" | "bare";

export function buttonClass(kind: Kind = "plain"): string {
  return kind === "plain" ? `${css.button}` : `${css.button} ${css[kind]}`;
}

export function Button(props: {
  kind?: Kind;
  onPress?: (event: MouseEvent<HTMLButtonElement>) => void;
  isDisabled?: boolean;
  autoFocus?: boolean;
  "aria-label"?: string;
  "aria-expanded"?: boolean;
  "aria-haspopup"?: "menu";
  "aria-pressed"?: boolean;
  title?: string;
  onPointerEnter?: () => void;
  onFocus?: () => void;
  ref?: Ref<HTMLButtonElement>;
  children?: ReactNode;
}) {
  const { kind, onPress, isDisabled, ...rest } = props;
  return (
    <button type="button" className={buttonClass(kind)} disabled={isDisabled} onClick={onPress} {...rest} />
  );
}

/** A link that looks like a button: it goes somewhere. */
export function ButtonLink({
  href,
  kind = "plain",
  download,
  children,
}: {
  href: string;
  kind?: Kind;
  download?: string | boolean;
  children: ReactNode;
}) {
  return (
    <a className={buttonClass(kind)} href={href} download={download}>
      {children}
    </a>
  );
}

export function SearchBox(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
}) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type="search"
        placeholder={props.placeholder}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
  );
}

export function TextBox(props: {
  label: string;
  type?: "text" | "date";
  value: string;
  onChange: (value: string) => void;
  isRequired?: boolean;
  /** What belongs into it. */
  hint?: string;
  /** Values to choose from, of which none has to be taken. */
  options?: string[];
}) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type={props.type ?? "text"}
        required={props.isRequired ?? false}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        list={props.options ? `${id}-options` : undefined}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {props.hint ? (
        <span id={`${id}-hint`} className="quiet small">
          {props.hint}
        </span>
      ) : null}
      {props.options ? (
        <datalist id={`${id}-options`}>
          {props.options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      ) : null}
    </div>
  );
}

/** A native list to choose from: it is what telephones and screen readers know best. */
export function Choice(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string }[];
}) {
  return (
    <label className={css.field}>
      <span className={css.label}>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Actions({ children }: { children: ReactNode }) {
  return <div className={css.actions}>{children}</div>;
}

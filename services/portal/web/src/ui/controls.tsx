// Buttons, fields, dialogs: controls of react-aria with the look of this site.

import type { ReactNode } from "react";
import {
  Button as AriaButton,
  Dialog as AriaDialog,
  type ButtonProps,
  Heading,
  Input,
  Label,
  Modal,
  ModalOverlay,
  SearchField,
  TextField,
} from "react-aria-components";
import css from "./ui.module.css";

type Kind = "primary" | "plain" | "danger" | "bare";

export function buttonClass(kind: Kind = "plain"): string {
  return kind === "plain" ? `${css.button}` : `${css.button} ${css[kind]}`;
}

export function Button({ kind = "plain", ...rest }: ButtonProps & { kind?: Kind }) {
  return <AriaButton className={buttonClass(kind)} {...rest} />;
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
  return (
    <SearchField className={css.field} value={props.value} onChange={props.onChange}>
      <Label>{props.label}</Label>
      <Input placeholder={props.placeholder} />
    </SearchField>
  );
}

export function TextBox(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  isRequired?: boolean;
}) {
  return (
    <TextField
      className={css.field}
      value={props.value}
      onChange={props.onChange}
      isRequired={props.isRequired ?? false}
    >
      <Label>{props.label}</Label>
      <Input />
    </TextField>
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

export function Dialog(props: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  isDismissable?: boolean;
}) {
  return (
    <ModalOverlay
      className={css.overlay}
      isOpen={props.isOpen}
      onOpenChange={(isOpen) => !isOpen && props.onClose()}
      isDismissable={props.isDismissable ?? true}
      isKeyboardDismissDisabled={!(props.isDismissable ?? true)}
    >
      <Modal className={css.dialog}>
        <AriaDialog>
          <Heading slot="title" level={2}>
            {props.title}
          </Heading>
          {props.children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function Actions({ children }: { children: ReactNode }) {
  return <div className={css.actions}>{children}</div>;
}

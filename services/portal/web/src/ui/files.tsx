// Taking files: dropped here, or chosen by a button, which keyboards and telephones can do.

import { FileUp } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { useText } from "../app/text.ts";
import { Button } from "./controls.tsx";
import css from "./ui.module.css";

export function FilePicker(props: {
  label: string;
  button: string;
  onFiles: (files: File[]) => void;
  /** Endings of names, with `,` between them. */
  accept?: string;
  isMultiple?: boolean;
}) {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const take = (files: FileList | null) => {
    const taken = [...(files ?? [])];
    if (taken.length > 0) props.onFiles(props.isMultiple ? taken : taken.slice(0, 1));
  };
  const over = (event: DragEvent, isOver: boolean) => {
    event.preventDefault();
    setIsOver(isOver);
  };
  return (
    <section
      className={css.drop}
      aria-label={props.label}
      data-drop-target={isOver || undefined}
      onDragOver={(event) => over(event, true)}
      onDragLeave={(event) => over(event, false)}
      onDrop={(event) => {
        over(event, false);
        take(event.dataTransfer.files);
      }}
    >
      <FileUp size={22} aria-hidden />
      <span>{props.label}</span>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={t("File")}
        accept={props.accept}
        multiple={props.isMultiple ?? false}
        onChange={(event) => {
          take(event.target.files);
          // The same file can be chosen again.
          event.target.value = "";
        }}
      />
      <Button onPress={() => input.current?.click()}>{props.button}</Button>
    </section>
  );
}

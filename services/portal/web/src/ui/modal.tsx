// What a dialog is made of; dialog.tsx loads it when one opens.

import { Modal as AriaModal, Dialog, Heading, ModalOverlay } from "react-aria-components";
import type { DialogProps } from "./dialog.tsx";
import css from "./ui.module.css";

export function Modal(props: DialogProps) {
  const isDismissable = props.isDismissable ?? true;
  return (
    <ModalOverlay
      className={css.overlay}
      isOpen={props.isOpen}
      onOpenChange={(isOpen) => !isOpen && props.onClose()}
      isDismissable={isDismissable}
      isKeyboardDismissDisabled={!isDismissable}
    >
      <AriaModal className={css.dialog}>
        <Dialog role={props.isAlert ? "alertdialog" : "dialog"}>
          <Heading slot="title" level={2}>
            {props.title}
          </Heading>
          {props.children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}

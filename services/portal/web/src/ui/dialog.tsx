// Dialogs: they keep the focus, and give it back. What they are made of is loaded with the first of them.

import { lazy, type ReactNode, Suspense } from "react";

export type DialogProps = {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Whether Escape and a press beside it close it. */
  isDismissable?: boolean;
  /** It interrupts, and is told at once. */
  isAlert?: boolean;
};

const Modal = lazy(() => import("./modal.tsx").then(({ Modal }) => ({ default: Modal })));

export function Dialog(props: DialogProps) {
  if (!props.isOpen) return null;
  return (
    <Suspense fallback={null}>
      <Modal {...props} />
    </Suspense>
  );
}

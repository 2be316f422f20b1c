// All texts of the pages. The English text is its own id; messages/<language>.json has the others.

import { useCallback, useMemo } from "react";
import { useIntl } from "react-intl";

type Values = Record<string, string | number>;

export type Say = (text: string, values?: Values) => string;

/** Says a text in the reader's language, in the form of ICU messages. */
export function useText(): Say {
  const intl = useIntl();
  return useCallback(
    (text, values) => intl.formatMessage({ id: text, defaultMessage: text }, values),
    [intl],
  );
}

/** Writes figures and times as the reader is used to them. */
export function useFormats() {
  const intl = useIntl();
  return useMemo(
    () => ({
      number: (value: number) => intl.formatNumber(value),
      bytes: (value: number) =>
        bytes(value, (number) => intl.formatNumber(number, { maximumFractionDigits: 1 })),
      time: (value: Date | string | number) =>
        intl.formatDate(value, { dateStyle: "medium", timeStyle: "short", hour12: false }),
      day: (value: Date | string | number) => intl.formatDate(value, { dateStyle: "medium" }),
    }),
    [intl],
  );
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1536` as `1.5 KiB`. */
export function bytes(value: number, written: (value: number) => string): string {
  const step = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  return `${written(value / 1024 ** step)} ${UNITS[step]}`;
}

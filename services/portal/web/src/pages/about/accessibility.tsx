// What these pages do for those who cannot see, or use no mouse; what they do not yet; and whom to tell.

import { boot, plain } from "../../app/boot.ts";
import { useText } from "../../app/text.ts";
import { Page, Part } from "../../ui/page.tsx";
import css from "./page.module.css";

export function Accessibility() {
  const t = useText();
  const { contact, email } = boot.components.login ?? {};
  const words = plain(contact);
  return (
    <Page
      title={t("Accessibility")}
      lead={t(
        "These pages are meant for everybody. They aim at WCAG 2.2, level AA, which covers Section 508.",
      )}
    >
      <Part title={t("What is done")}>
        <ul className={css.text}>
          <li>{t("Everything can be done by keyboard alone; what has the focus is seen.")}</li>
          <li>{t("Each chart and each graph has an equal table; nothing is told by colour alone.")}</li>
          <li>
            {t(
              "There is a light and a dark look, which follow the system, and more contrast where it is asked for.",
            )}
          </li>
          <li>
            {t("Pages are usable at a width of 320 pixels; wide tables scroll in a region of their own.")}
          </li>
          <li>{t("The end of a session is told five minutes before it, and what is filled in is kept.")}</li>
          <li>
            {t(
              "Every page is checked by axe-core, in its light, dark and narrow look, with each change of the program.",
            )}
          </li>
        </ul>
      </Part>
      <Part title={t("What is known to be missing")}>
        <ul className={css.text}>
          <li>{t("The editor of the query page takes the Tab key; Escape and then Tab leaves it.")}</li>
          <li>{t("The pages were not examined by people who use screen readers every day.")}</li>
          <li>{t("Texts that the operator of this commons has written are not part of these checks.")}</li>
        </ul>
      </Part>
      <Part title={t("Something does not work for you?")}>
        <div className={css.text}>
          <p>{t("Tell the operator of this commons what you wanted to do, on which page, and with what.")}</p>
          {words || email ? (
            <p>
              {words} {email ? <a href={`mailto:${email}`}>{email}</a> : null}
            </p>
          ) : null}
        </div>
      </Part>
    </Page>
  );
}

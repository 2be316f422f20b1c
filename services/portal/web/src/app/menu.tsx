// The menu of the user and of the look; user_menu.tsx loads it when somebody comes near its button.

import type { RefObject } from "react";
import { Header, Menu, MenuItem, MenuSection, Popover, Separator } from "react-aria-components";
import { areasOf } from "../features/administration/areas.ts";
import { forgetDrafts } from "../session/drafts.ts";
import { logoutHref, type User } from "../session/user.ts";
import type { Scheme } from "../theme/scheme.ts";
import css from "../ui/ui.module.css";
import { useText } from "./text.ts";

const SCHEMES: Scheme[] = ["system", "light", "dark"];

export function OpenMenu(props: {
  button: RefObject<HTMLButtonElement | null>;
  user: User | null;
  scheme: Scheme;
  onScheme: (scheme: Scheme) => void;
  onClose: () => void;
}) {
  const t = useText();
  const names: Record<Scheme, string> = { system: t("As the system"), light: t("Light"), dark: t("Dark") };
  return (
    <Popover
      className={css.popover}
      placement="bottom end"
      triggerRef={props.button}
      isOpen
      onOpenChange={(isOpen) => !isOpen && props.onClose()}
    >
      <Menu className={css.menu} aria-label={t("User and view")} autoFocus="first" onClose={props.onClose}>
        {props.user ? (
          <MenuSection>
            <MenuItem className={css.item} href="/identity">
              {t("Profile and API keys")}
            </MenuItem>
            <MenuItem className={css.item} href="/requests">
              {t("Access requests")}
            </MenuItem>
            {areasOf(props.user.authz).length > 0 ? (
              <MenuItem className={css.item} href="/admin">
                {t("Administration")}
              </MenuItem>
            ) : null}
            <MenuItem className={css.item} href={logoutHref(location.origin)} onAction={forgetDrafts}>
              {t("Logout")}
            </MenuItem>
            <Separator />
          </MenuSection>
        ) : null}
        <MenuSection
          selectionMode="single"
          selectedKeys={[props.scheme]}
          onSelectionChange={(keys) => {
            const [chosen] = [...(keys as Set<Scheme>)];
            if (chosen) props.onScheme(chosen);
          }}
        >
          <Header className={css.heading}>{t("Look")}</Header>
          {SCHEMES.map((name) => (
            <MenuItem key={name} id={name} className={css.item}>
              {names[name]}
            </MenuItem>
          ))}
        </MenuSection>
      </Menu>
    </Popover>
  );
}

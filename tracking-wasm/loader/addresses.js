// Addresses: what a page is called, and where a link leads.
import { tried } from "./text.js";

/** Endings of files that are saved or opened by another program. */
const FILES =
  /^(pdf|(doc|xls|ppt)x?|od[pst]|rtf|csv|txt|epub|zip|rar|7z|gz|tar|dmg|exe|msi|apk|pkg|mp[34]|wav|mov|ics|vcf)$/i;

/**
 * @param {URL | Location} address
 * @returns {string} its path, and with it the route that some applications keep in the fragment: `#/…` or `#!…`, without its query
 */
export const pathOf = ({ pathname, hash }) => pathname + (/^#[/!][^?&]*/.exec(hash) ?? "");

/** @param {URL | Location} address @returns {string} the host, `www.` aside, with a dot before it; empty where there is none */
const siteOf = ({ hostname }) => hostname.replace(/^(www\.)?\b/, ".");

/**
 * @param {string} written empty for none
 * @param {string} [base] what it is relative to
 * @param {string} [here] the page where it stands
 * @param {boolean} [isSaved] whether its target is to be saved
 * @returns {{href?: string, link?: string, file_type?: string}} of an address that is not on the web only the scheme, and nothing of what
 * is no address
 */
export const linkTo = (written, base, here, isSaved) => {
  const address = written && tried(() => new URL(written, base));
  if (!address) return {};
  const { href, pathname, protocol } = address;
  if (!/^http/.test(protocol))
    return {
      href: protocol,
      link: /^(mailto|tel):/.exec(protocol)?.[1] ?? (isSaved ? "download" : undefined),
    };
  const ending = /\.([a-z\d]*)$/i.exec(pathname)?.[1] ?? "";
  const file_type = isSaved || FILES.test(ending) ? ending.slice(0, 8).toLowerCase() : undefined;
  const [site, other] = [siteOf(address), siteOf(new URL(here))];
  let link = site.endsWith(other) || other.endsWith(site) ? "internal" : "outbound";
  if (href.startsWith(here.split("#")[0] + "#")) link = "anchor";
  if (file_type != null) link = "download";
  return { href: href.slice(0, 1000), link, file_type };
};

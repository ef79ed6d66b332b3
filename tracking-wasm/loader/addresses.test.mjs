import assert from "node:assert/strict";
import { test } from "node:test";

import { linkTo, pathOf } from "./addresses.js";

test("a path is told with the route that the fragment holds", () => {
  for (const [url, path] of [
    ["https://a.example/", "/"],
    ["https://a.example/b/c?d=/e#f", "/b/c"],
    ["https://a.example:8080/b#/c?d#e", "/b#/c"],
    ["https://a.example/#!c&d", "/#!c"],
  ]) {
    assert.equal(pathOf(new URL(url)), path);
  }
});

test("links are told apart", () => {
  const page = new URL("https://www.a.example/shop?x=1#top");
  const linked = (href, isSaved = false) => linkTo(href, page.href, page.href, isSaved);
  for (const [href, link] of [
    ["https://a.example/next", "internal"],
    ["http://a.example:8080/next", "internal"],
    ["https://shop.a.example/", "internal"],
    ["https://example/", "internal"],
    ["#prices", "anchor"],
    ["#", "anchor"],
    ["?x=2#prices", "internal"],
    ["https://nota.example/", "outbound"],
    ["http://b.example", "outbound"],
    ["https://b.example/?x=a.pdf", "outbound"],
    ["https://b.example/list.pdf.sig-a", "outbound"],
  ]) {
    const { href: absolute } = new URL(href, page);
    assert.deepEqual(linked(href), { href: absolute, link, file_type: undefined });
  }
  for (const [href, file_type] of [
    ["/list.PDF?v=1", "pdf"],
    ["https://b.example/list.tar.gz#x", "gz"],
    ["/song.mp3", "mp3"],
  ]) {
    assert.deepEqual(linked(href), { href: new URL(href, page).href, link: "download", file_type });
  }
});

test("what is to be saved is a download whatever it is called", () => {
  const page = new URL("https://a.example/");
  for (const [path, type] of [
    ["/list", ""],
    ["/list.Secret_1", ""],
    ["/list.abcdefghij", "abcdefgh"],
  ]) {
    const { link, file_type } = linkTo(path, page.href, page.href, true);
    assert.deepEqual([link, file_type], ["download", type]);
  }
});

test("of what is not on the web only the scheme is told", () => {
  const page = "https://a.example/";
  for (const [href, scheme, link] of [
    ["mailto:jane@b.example", "mailto:", "mailto"],
    ["tel:+491701234567", "tel:", "tel"],
    ["javascript:pay('4111')", "javascript:", undefined],
  ]) {
    assert.deepEqual(linkTo(href, page, page, false), { href: scheme, link });
  }
  for (const href of ["blob:https://a.example/0", "data:text/csv,a"]) {
    const scheme = href.split(":")[0] + ":";
    assert.deepEqual(linkTo(href, page, page, true), { href: scheme, link: "download" });
  }
});

test("what is no address leads nowhere", () => {
  const page = "https://a.example/";
  for (const written of ["", "http://", "//", "http:// www.a.example"])
    assert.deepEqual(linkTo(written, page, page, true), {});
});

test("a link in a page that was written by another one leads where that one's would", () => {
  const { href, link } = linkTo("/next#part", "https://a.example/shop", "about:srcdoc", false);
  assert.deepEqual([href, link], ["https://a.example/next#part", "internal"]);
});

test("a long address is cut", () => {
  const page = "https://a.example/";
  assert.equal(linkTo("/" + "x".repeat(2000), page, page, false).href.length, 1000);
});

/** What JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * `T` where `JSON.stringify` keeps all of it, and `never` in the place of what it would drop: functions, symbols, `undefined`,
 * big integers. Types that say how they are written (`toJSON`, such as `Date`) are taken as they are.
 */
export type Jsonable<T> = T extends string | number | boolean | null
  ? T
  : T extends { toJSON(): Json }
    ? T
    : T extends (...args: never[]) => unknown
      ? never
      : T extends object
        ? { [K in keyof T]: Jsonable<T[K]> }
        : never;

/** What the pixel keeps on the visitor's device. */
export type Mode =
  /** Visitor and unsent events in `localStorage`; no cookies. */
  | "storage"
  /** Nothing on the device; all in memory, as long as the page is open. For the time before consent. */
  | "memory"
  /** Nothing on the device, and visitors are not known again. */
  | "cookieless";

/** What the visitor said; it goes with every batch. */
export type Consent =
  /** Agreed. Also switches to mode `storage`; what happened since the page was loaded is kept. */
  | "granted"
  /** Declined. Also switches to mode `cookieless`, and wipes what the pixel stored. */
  | "denied"
  /** Not asked yet. */
  | "unknown";

/** The settings of the pixel; `edge` or `collect` is needed. */
export type Options = SharedOptions &
  (
    | {
        /** The address of your edge, such as `https://e.example.com`. Events go to `collect` below it. */
        edge: string;
        collect?: string;
      }
    | {
        edge?: string;
        /** The absolute address that events are posted to, in place of `collect` below `edge`: for a path of your own. */
        collect: string;
      }
  );

interface SharedOptions {
  /** What may be kept on the device until `mode` or `consent` says otherwise. `storage` unless set. */
  mode?: Mode;
  /** Prints each event to the console, and what was taken out of it. Also on for a page with `?evothesis_debug` in its address. */
  debug?: boolean;
  /** What is sent of click ids (`gclid`, `fbclid`, …): that they were there (`name`, unless set), or the `value` of them too. */
  clickIds?: "name" | "value";
}

/** More keys of the site's own, as JSON. */
interface Extra {
  [key: string]: Json | Item[] | undefined;
}

/** A thing that is sold. */
export interface Item {
  /** Your article number. */
  id?: string;
  name?: string;
  brand?: string;
  category?: string;
  variant?: string;
  /** Of one piece, in the event's currency. */
  price?: number;
  quantity?: number;
  [key: string]: Json | undefined;
}

/** What the commerce events share. */
export interface Commerce extends Extra {
  /** ISO 4217, such as `EUR`. */
  currency?: string;
  /** Of all items together, in `currency`. */
  value?: number;
  items?: Item[];
}

/** An order, whole. */
export interface Order extends Commerce {
  /** Your order number. */
  order_id: string;
  currency: string;
  value: number;
  tax?: number;
  shipping?: number;
  coupon?: string;
}

/** Money that went back; without items, all of the order. */
export interface Refund extends Commerce {
  /** The number of the order that is refunded. */
  order_id: string;
}

/** A step of the checkout. */
export interface CheckoutStep extends Commerce {
  /** Which one, from 1. */
  step?: number;
  /** Its name, such as `shipping`. */
  step_name?: string;
}

/** What leads and conversions share. */
export interface Worth extends Extra {
  /** What it is worth to you, in `currency`. */
  value?: number;
  /** ISO 4217, such as `EUR`. */
  currency?: string;
}

/** Somebody wants to hear from you. Never put the person's name or address in: it would be taken out. */
export interface Lead extends Worth {
  form_id?: string;
  /** Such as `contact`, `demo`, `newsletter`. */
  lead_type?: string;
}

/** An account was made. */
export interface Signup extends Worth {
  /** Such as `email`, `google`. */
  method?: string;
  plan?: string;
}

/** A subscription began. */
export interface Subscription extends Worth {
  plan?: string;
  /** Such as `month`, `year`. */
  billing_cycle?: string;
  trial_days?: number;
}

/** A goal of your own was reached. */
export interface Conversion extends Worth {
  /** Which one. */
  conversion_type?: string;
}

/** The events with a meaning of their own, and their data. */
export interface EventData {
  product_view: Commerce;
  add_to_cart: Commerce;
  remove_from_cart: Commerce;
  begin_checkout: Commerce;
  checkout_progress: CheckoutStep;
  purchase: Order;
  refund: Refund;
  lead: Lead;
  signup: Signup;
  subscription: Subscription;
  conversion: Conversion;
}

/** The types of event that the pixel sees by itself. Call yours otherwise. */
export type AutomaticEvent =
  | "pageview"
  | "click"
  | "scroll_depth"
  | "form_start"
  | "form_submit"
  | "form_abandon"
  | "text_select"
  | "text_copy"
  | "page_visibility"
  | "web_vitals"
  | "page_exit";

/** `N` where it may be the name of an event of your own: not one of the above, and in lower case. */
export type CustomName<N extends string> = string extends N
  ? N
  : N extends keyof EventData | AutomaticEvent
    ? never
    : N extends Lowercase<N>
      ? N
      : never;

/** Events whose data may be left out, since nothing in it is required. */
type Bare = { [N in keyof EventData]: {} extends EventData[N] ? N : never }[keyof EventData];

/** The pixel of the page. No call throws or waits; calls before it has loaded are kept. */
export interface Pixel {
  /** `true` once it runs. Stays `false` where the browser or the visitor objects. */
  readonly ready: boolean;
  /** A commerce event, a lead or the like. */
  track<N extends keyof EventData>(
    name: N,
    ...data: N extends Bare ? [data?: EventData[N]] : [data: EventData[N]]
  ): void;
  /**
   * An event of your own.
   * @param name `[a-z][a-z0-9_]{0,63}`
   * @param data any JSON of at most 4 kB and 8 levels, as it is at the moment of the call
   */
  track<N extends string, T>(name: N & CustomName<N>, data?: T & Jsonable<T>): void;
  /** What the visitor said, to be called from your consent banner. */
  consent(state: Consent): void;
  /** Switches what may be kept on the device. From `memory` to `storage`, what happened since the page was loaded is kept. */
  mode(mode: Mode): void;
  /** The visitor wants none of it: wipes what the pixel stored, remembers the choice, and stops. */
  optOut(): void;
  /** Undoes {@link optOut}. */
  optIn(): void;
}

/**
 * Starts the pixel, unless the browser (Global Privacy Control, Do Not Track) or the visitor objects. Where there is no
 * `document`, on a server, it does nothing, and neither does what it returns. A second call returns the pixel of the first.
 * @throws {TypeError} when an option is wrong; the message names it
 */
export function start(options: Options): Pixel;

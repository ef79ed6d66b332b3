// Snowplow's tracker with the plugins that come nearest to what the pixel notices by itself, as its documentation bundles them.
import { enableButtonClickTracking } from "@snowplow/browser-plugin-button-click-tracking";
import { ButtonClickTrackingPlugin } from "@snowplow/browser-plugin-button-click-tracking";
import { FormTrackingPlugin, enableFormTracking } from "@snowplow/browser-plugin-form-tracking";
import {
  LinkClickTrackingPlugin,
  enableLinkClickTracking,
} from "@snowplow/browser-plugin-link-click-tracking";
import { enableActivityTracking, newTracker, trackPageView } from "@snowplow/browser-tracker";

/** @param {string} collector where to post to */
window.startSnowplow = (collector) => {
  newTracker("sp", collector, {
    appId: "shop",
    plugins: [LinkClickTrackingPlugin(), ButtonClickTrackingPlugin(), FormTrackingPlugin()],
  });
  enableActivityTracking({ minimumVisitLength: 10, heartbeatDelay: 10 });
  enableLinkClickTracking();
  enableButtonClickTracking();
  enableFormTracking();
  trackPageView();
};

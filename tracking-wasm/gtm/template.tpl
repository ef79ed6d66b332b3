___TERMS_OF_SERVICE___

By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Evothesis",
  "categories": [
    "ANALYTICS"
  ],
  "brand": {
    "id": "brand_dummy",
    "displayName": "Evothesis"
  },
  "description": "Loads the Evothesis pixel from your own edge, sends events of your own, and tells it what the visitor consented to.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "SELECT",
    "name": "kind",
    "displayName": "What this tag does",
    "macrosInSelect": false,
    "selectItems": [
      {
        "value": "load",
        "displayValue": "Load the pixel"
      },
      {
        "value": "event",
        "displayValue": "Send an event"
      },
      {
        "value": "consent",
        "displayValue": "Set consent"
      }
    ],
    "simpleValueType": true,
    "defaultValue": "load",
    "alwaysInSummary": true,
    "help": "Load the pixel once a page, on the trigger <b>Initialization - All Pages</b>. Events and consent may come before it: they wait."
  },
  {
    "type": "GROUP",
    "name": "loading",
    "displayName": "The pixel",
    "groupStyle": "NO_ZIPPY",
    "subParams": [
      {
        "type": "TEXT",
        "name": "edge",
        "displayName": "Address of your edge",
        "simpleValueType": true,
        "valueHint": "https://e.example.com",
        "help": "It must also stand under <b>Permissions, Injects scripts</b> of this template, as <code>https://e.example.com/*</code>.",
        "valueValidators": [
          {
            "type": "NON_EMPTY"
          },
          {
            "type": "REGEX",
            "args": [
              "^(https://[a-zA-Z0-9.-]+(:[0-9]+)?/?|.*\\{\\{.+\\}\\}.*)$"
            ],
            "errorMessage": "Give an address such as https://e.example.com, without a path."
          }
        ]
      },
      {
        "type": "TEXT",
        "name": "path",
        "displayName": "Path of the loader",
        "simpleValueType": true,
        "defaultValue": "pixel.js",
        "help": "Another one only where your edge serves the pixel under a path of your own, such as <code>w8/m.js</code>.",
        "valueValidators": [
          {
            "type": "REGEX",
            "args": [
              "^([a-zA-Z0-9._~-][a-zA-Z0-9._~/-]*|.*\\{\\{.+\\}\\}.*)$"
            ],
            "errorMessage": "Give a path without a slash before it and without ? and #, such as pixel.js."
          }
        ]
      },
      {
        "type": "SELECT",
        "name": "mode",
        "displayName": "What may be kept on the device",
        "macrosInSelect": false,
        "selectItems": [
          {
            "value": "storage",
            "displayValue": "storage: visitor and unsent events, no cookies"
          },
          {
            "value": "memory",
            "displayValue": "memory: nothing until consent is set"
          },
          {
            "value": "cookieless",
            "displayValue": "cookieless: nothing"
          }
        ],
        "simpleValueType": true,
        "defaultValue": "storage"
      },
      {
        "type": "CHECKBOX",
        "name": "clickIds",
        "checkboxText": "Send the values of click ids (gclid, fbclid, …) too, not only that they were there",
        "simpleValueType": true,
        "defaultValue": false
      },
      {
        "type": "CHECKBOX",
        "name": "debug",
        "checkboxText": "Print every event to the console",
        "simpleValueType": true,
        "defaultValue": false
      }
    ],
    "enablingConditions": [
      {
        "paramName": "kind",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "GROUP",
    "name": "sending",
    "displayName": "The event",
    "groupStyle": "NO_ZIPPY",
    "subParams": [
      {
        "type": "TEXT",
        "name": "eventName",
        "displayName": "Name",
        "simpleValueType": true,
        "valueHint": "signup",
        "help": "At most 64 lower case letters, digits and <code>_</code>, beginning with a letter. Names with a meaning of their own: product_view, add_to_cart, remove_from_cart, begin_checkout, checkout_progress, purchase, refund, lead, signup, subscription, conversion.",
        "valueValidators": [
          {
            "type": "NON_EMPTY"
          },
          {
            "type": "REGEX",
            "args": [
              "^([a-z][a-z0-9_]{0,63}|.*\\{\\{.+\\}\\}.*)$"
            ],
            "errorMessage": "Give at most 64 lower case letters, digits and _, beginning with a letter."
          }
        ]
      },
      {
        "type": "SIMPLE_TABLE",
        "name": "eventData",
        "displayName": "Properties",
        "simpleTableColumns": [
          {
            "defaultValue": "",
            "displayName": "Property",
            "name": "key",
            "type": "TEXT",
            "isUnique": true,
            "valueValidators": [
              {
                "type": "NON_EMPTY"
              }
            ]
          },
          {
            "defaultValue": "",
            "displayName": "Value",
            "name": "value",
            "type": "TEXT"
          }
        ],
        "newRowButtonText": "Add a property",
        "help": "A value may be a variable; lists and objects, such as items, are sent as they are. At most 4 kB in all."
      }
    ],
    "enablingConditions": [
      {
        "paramName": "kind",
        "paramValue": "event",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "GROUP",
    "name": "consenting",
    "displayName": "Consent",
    "groupStyle": "NO_ZIPPY",
    "subParams": [
      {
        "type": "SELECT",
        "name": "consent",
        "displayName": "State",
        "macrosInSelect": false,
        "selectItems": [
          {
            "value": "follow",
            "displayValue": "follow Consent Mode (analytics_storage)"
          },
          {
            "value": "granted",
            "displayValue": "granted"
          },
          {
            "value": "denied",
            "displayValue": "denied"
          },
          {
            "value": "unknown",
            "displayValue": "unknown"
          }
        ],
        "simpleValueType": true,
        "defaultValue": "follow",
        "help": "To follow, fire this tag once a page on <b>Consent Initialization - All Pages</b>: it then listens for changes by itself."
      },
      {
        "type": "SELECT",
        "name": "notGranted",
        "displayName": "While it is not granted at the start, say",
        "macrosInSelect": false,
        "selectItems": [
          {
            "value": "unknown",
            "displayValue": "unknown: the visitor may not have been asked yet"
          },
          {
            "value": "denied",
            "displayValue": "denied: cookieless until it is granted"
          }
        ],
        "simpleValueType": true,
        "defaultValue": "unknown",
        "help": "Consent Mode does not tell who declined from who was not asked. With <b>unknown</b>, load the pixel in mode <b>memory</b>: nothing is kept on the device, and the first visit and its campaign are not lost when consent comes.",
        "enablingConditions": [
          {
            "paramName": "consent",
            "paramValue": "follow",
            "type": "EQUALS"
          }
        ]
      }
    ],
    "enablingConditions": [
      {
        "paramName": "kind",
        "paramValue": "consent",
        "type": "EQUALS"
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const createArgumentsQueue = require('createArgumentsQueue');
const encodeUriComponent = require('encodeUriComponent');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const logToConsole = require('logToConsole');
const makeTableMap = require('makeTableMap');
const queryPermission = require('queryPermission');

// Calls wait in evothesis.q until the pixel is there.
const evothesis = createArgumentsQueue('evothesis', 'evothesis.q');

const load = function() {
  const slash = data.edge.slice(-1) === '/' ? '' : '/';
  const path = data.path || 'pixel.js';
  const debug = data.debug ? '&debug' : '';
  const clickIds = data.clickIds ? '&clickIds=value' : '';
  const mode = encodeUriComponent(data.mode || 'storage');
  const url = data.edge + slash + path + '?mode=' + mode + clickIds + debug;
  if (!queryPermission('inject_script', url)) {
    logToConsole('Evothesis: add ' + data.edge + slash + '* under Permissions, Injects scripts, of this template');
    data.gtmOnFailure();
    return;
  }
  injectScript(url, data.gtmOnSuccess, data.gtmOnFailure, 'evothesis');
};

const send = function() {
  evothesis('track', data.eventName, makeTableMap(data.eventData || [], 'key', 'value') || {});
  data.gtmOnSuccess();
};

const consent = function() {
  if (data.consent === 'follow') {
    evothesis('consent', isConsentGranted('analytics_storage') ? 'granted' : data.notGranted || 'unknown');
    addConsentListener('analytics_storage', function(type, granted) {
      evothesis('consent', granted ? 'granted' : 'denied');
    });
  } else {
    evothesis('consent', data.consent);
  }
  data.gtmOnSuccess();
};

if (data.kind === 'load') {
  load();
} else if (data.kind === 'event') {
  send();
} else if (data.kind === 'consent') {
  consent();
} else {
  data.gtmOnFailure();
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "evothesis"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "evothesis.q"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://e.example.com/*"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "analytics_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "logging",
        "versionId": "1"
      },
      "param": [
        {
          "key": "environments",
          "value": {
            "type": 1,
            "string": "debug"
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: The pixel is loaded from the edge, with its settings
  code: |-
    mock('queryPermission', true);
    let loaded;
    mock('injectScript', function(url, onSuccess) {
      loaded = url;
      onSuccess();
    });
    runCode({kind: 'load', edge: 'https://e.example.com', path: 'pixel.js', mode: 'memory', clickIds: true, debug: true});
    assertThat(loaded).isEqualTo('https://e.example.com/pixel.js?mode=memory&clickIds=value&debug');
    assertApi('gtmOnSuccess').wasCalled();
- name: Without permission for the edge, nothing is loaded
  code: |-
    mock('queryPermission', false);
    runCode({kind: 'load', edge: 'https://e.example.com', path: 'pixel.js', mode: 'storage'});
    assertApi('injectScript').wasNotCalled();
    assertApi('gtmOnFailure').wasCalled();
- name: An event is queued with its properties
  code: |-
    let call;
    mock('createArgumentsQueue', function() {
      return function(command, name, properties) {
        call = [command, name, properties];
      };
    });
    runCode({kind: 'event', eventName: 'signup', eventData: [{key: 'plan', value: 'pro'}]});
    assertThat(call).isEqualTo(['track', 'signup', {plan: 'pro'}]);
    assertApi('gtmOnSuccess').wasCalled();
- name: Consent follows Consent Mode
  code: |-
    const said = [];
    mock('createArgumentsQueue', function() {
      return function(command, state) {
        said.push(state);
      };
    });
    mock('isConsentGranted', false);
    let change;
    mock('addConsentListener', function(type, listener) {
      change = listener;
    });
    runCode({kind: 'consent', consent: 'follow', notGranted: 'unknown'});
    change('analytics_storage', true);
    change('analytics_storage', false);
    assertThat(said).isEqualTo(['unknown', 'granted', 'denied']);
    assertApi('gtmOnSuccess').wasCalled();


___NOTES___

The template loads scripts from one host alone. It comes with the placeholder
https://e.example.com/*: put the address of your edge in its place, here or in
the editor under Permissions, Injects scripts.

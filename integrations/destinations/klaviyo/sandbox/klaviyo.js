// A local stand-in for Klaviyo's onsite script: it takes the calls of the klaviyo object and of the older _learnq, and makes the
// requests that Klaviyo's makes. Whoever looks is known once they were identified; before that nothing is sent.
//
// Klaviyo does not state whether a $event_id counts as the unique_id of a server. Here it does, unless the page sets
// window.sandboxEventIds to "property": then it is a property like the others.
(function () {
  "use strict";
  var source = new URL(document.currentScript.src);
  var company = source.searchParams.get("company_id") || source.pathname.split("/")[3];
  var place = "sandbox_kla_id_" + company;
  var IDENTIFIERS = ["email", "phone_number", "external_id"];
  var NAMES = { $id: "external_id" };
  var FIELDS = IDENTIFIERS.concat(["first_name", "last_name", "organization", "title"]);
  var last = Promise.resolve();

  function known() {
    return JSON.parse(window.sessionStorage.getItem(place) || "{}");
  }

  function post(path, data) {
    var asked = { method: "POST", body: JSON.stringify({ data: data }), keepalive: true };
    asked.headers = { "Content-Type": "application/json", revision: "2026-07-15" };
    last = last
      .catch(function () {})
      .then(function () { return fetch(source.origin + path + "?company_id=" + encodeURIComponent(company), asked); })
      .then(function (answer) { return answer.status; });
    return last;
  }

  function identify(given) {
    var who = known();
    var properties = {};
    Object.keys(given || {}).forEach(function (name) {
      var field = NAMES[name] || name.replace(/^\$/, "");
      if (FIELDS.indexOf(field) >= 0) { who[field] = given[name]; } else { properties[name] = given[name]; }
    });
    if (!IDENTIFIERS.some(function (name) { return who[name]; })) { return Promise.resolve(0); }
    window.sessionStorage.setItem(place, JSON.stringify(who));
    return post("/client/profiles", { type: "profile", attributes: Object.assign({}, who, { properties: properties }) });
  }

  function track(metric, given) {
    var who = known();
    if (!IDENTIFIERS.some(function (name) { return who[name]; })) { return Promise.resolve(0); }
    var properties = Object.assign({}, given);
    var event = { time: new Date().toISOString() };
    if (properties.$value !== undefined) { event.value = properties.$value; delete properties.$value; }
    if (properties.$event_id !== undefined && window.sandboxEventIds !== "property") {
      event.unique_id = String(properties.$event_id);
      delete properties.$event_id;
    }
    event.properties = properties;
    event.metric = { data: { type: "metric", attributes: { name: metric } } };
    event.profile = { data: { type: "profile", attributes: who } };
    return post("/client/events", { type: "event", attributes: event });
  }

  var METHODS = {
    identify: identify,
    track: track,
    isIdentified: function () { return Promise.resolve(Boolean(known().email)); }
  };

  function take(call) {
    var rest = Array.prototype.slice.call(call, 1);
    var after = typeof rest[rest.length - 1] === "function" ? rest.pop() : function () {};
    var method = METHODS[call[0]];
    var done = method ? method.apply(null, rest) : Promise.resolve();
    done.then(after);
    return done;
  }

  function pushed() { Array.prototype.forEach.call(arguments, take); }

  var waiting = [].concat(window._learnq || [], window._klOnsite || []);
  window._learnq = window._klOnsite = { push: pushed };
  window.klaviyo = { push: pushed };
  Object.keys(METHODS).forEach(function (name) {
    window.klaviyo[name] = function () { return take([name].concat(Array.prototype.slice.call(arguments))); };
  });
  waiting.forEach(take);
})();

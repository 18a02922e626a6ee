(function () {
  "use strict";
  // Times in the shopper's own time zone; without this they stay as they were written, with their zone named.
  var moments = document.querySelectorAll("time[datetime]");
  var spoken = document.documentElement.lang, own = navigator.language || "";
  var form = new Intl.DateTimeFormat(own.split("-")[0] === spoken ? own : spoken, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"
  });
  moments.forEach(function (each) { each.textContent = form.format(new Date(each.dateTime)); });
  var zone = document.getElementById("zone");
  if (zone) { zone.textContent = zone.dataset.device; }
})();

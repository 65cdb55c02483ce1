// The code stands behind the # of the link, which browsers send to nobody: it is put into its field, and out of sight.
"use strict";

const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  document.getElementById("code").value = code;
  history.replaceState(null, "", location.pathname + location.search);
}

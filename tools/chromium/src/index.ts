export { chromiumProblem, insecureHost, launchChromium, launchProfile } from "./chromium.js";
export { isolationHeaders, type ServeOptions, type StaticServer, serveFolder } from "./serve.js";

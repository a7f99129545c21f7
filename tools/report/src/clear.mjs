// Removes the reports of earlier runs, so that the summary counts this run alone.
import { fileURLToPath } from "node:url";
import { clearReports } from "./reports.mjs";

clearReports(fileURLToPath(new URL("../../..", import.meta.url)));

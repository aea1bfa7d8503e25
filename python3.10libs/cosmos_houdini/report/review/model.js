// The report as the program wrote it: runs, the columns of their values, clips, and where the plate's frames begin.

export const report = JSON.parse(document.getElementById("report-data").textContent);

export const runs = report.runs;
export const clips = report.clips;
export const columns = report.columns;

// A shared page holds its clips as players that show where scripts do not run; they become files in memory.
for (const clip of Object.values(clips)) {
  if (!clip.src.startsWith("#")) continue;
  const [, data] = document.getElementById(clip.src.slice(1)).src.split(",");
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  clip.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}

const columnById = new Map(columns.map((column) => [column.id, column]));
const runByKey = new Map(runs.map((run) => [run.key, run]));
runs.forEach((run, index) => {
  run.index = index;
});

export const findColumn = (id) => columnById.get(id);
export const findRun = (key) => runByKey.get(key);
export const findSource = (run) => report.sources.find((source) => source.id === run?.source) ?? report.sources[0];

/** The names of everything that two players can compare: [id, title, clip]. */
export function listPictures() {
  const given = report.sources.flatMap((source) => source.pictures.map((one) => [one.clip, one.title, clips[one.clip]]));
  const made = runs.filter((run) => run.clip).map((run) => [run.clip, run.name, clips[run.clip]]);
  return { given, made };
}

/** The rate of the clock, and the length of the longest clip in its frames. */
export const fps = report.fps;
export const length = Math.max(1, ...Object.values(clips).map((clip) => Math.round((clip.frames / clip.fps) * fps)));

/** The plate's number of a frame that is counted from 0, and back. */
export const toPlate = (frame) => report.first + frame * report.step;
export const fromPlate = (number) => Math.round((number - report.first) / report.step);

/** Say a value as people read it. */
export function format(value, column) {
  if (value === null || value === undefined) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  const text = column?.digits === undefined || column.digits === null ? shorten(value) : value.toFixed(column.digits);
  return column?.unit ? `${text} ${column.unit}` : text;
}

const shorten = (value) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5))));

/** Whether values of a column lie on a number line. */
export const isNumeric = (column) => column.kind === "number";

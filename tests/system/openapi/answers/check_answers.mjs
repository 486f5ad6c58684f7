// Compares answers of the API with its description: `node check_answers.mjs openapi.json FILE`.
// FILE has a line {"method","path","status","body"} for each answer. Whatever the description does
// not name is an error: members included, for every object whose members it does name. Prints each
// kind of difference once, then as its last line a JSON object {"answers", "operations",
// "unchecked"}: how many answers were compared, of how many operations a success was, and of which
// operations whose success has a schema none was. Ends with 1 if anything differs.
import { readFileSync, createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));

/// A schema that takes no member which it does not name. Parts of an `allOf` name members together.
function closed(schema, isPart = false) {
  if (Array.isArray(schema)) return schema.map((one) => closed(one));
  if (schema === null || typeof schema !== "object") return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "allOf") copy[key] = value.map((one) => closed(one, true));
    else if (key === "$ref" && isPart) copy[key] = value.replace("/schemas/", "/parts/");
    else if (key === "properties") {
      copy[key] = Object.fromEntries(Object.entries(value).map(([n, one]) => [n, closed(one)]));
    } else if (["items", "anyOf", "oneOf"].includes(key)) copy[key] = closed(value);
    else copy[key] = value;
  }
  const names = schema.allOf !== undefined || schema.properties !== undefined;
  if (names && !isPart) copy.unevaluatedProperties = false;
  return copy;
}

const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
const components = { schemas: {}, parts: {} };
for (const [name, schema] of Object.entries(document.components.schemas)) {
  components.schemas[name] = closed(schema);
  components.parts[name] = closed(schema, true);
}
ajv.addSchema({ $id: "troupe", components });
const validators = new Map();
function validator(reference) {
  if (!validators.has(reference)) validators.set(reference, ajv.compile({ $ref: "troupe" + reference }));
  return validators.get(reference);
}

/// Paths with more words of their own come first: `/v1/runs:bulk` is not a run.
const templates = Object.keys(document.paths)
  .map((path) => ({
    path,
    places: (path.match(/\{/g) ?? []).length,
    pattern: new RegExp("^" + path.replace(/[.]/g, "\\.").replace(/\{[^}]*\}/g, "[^/]+") + "$"),
  }))
  .sort((a, b) => a.places - b.places);

function responseOf(operation, status) {
  const response = operation.responses[status];
  if (response?.$ref === undefined) return response;
  return document.components.responses[response.$ref.split("/").at(-1)];
}
const schemaOf = (response) =>
  Object.values(response?.content ?? {})[0]?.schema?.$ref;

const differences = new Map();
const differs = (what, example) => {
  const known = differences.get(what);
  differences.set(what, { count: (known?.count ?? 0) + 1, example: known?.example ?? example });
};
const succeeded = new Set();
let answers = 0;

for await (const line of createInterface({ input: createReadStream(process.argv[3]) })) {
  const { method, path, status, body } = JSON.parse(line);
  const bare = path.split("?")[0];
  const template = templates.find(({ pattern }) => pattern.test(bare));
  const operation = template && document.paths[template.path][method.toLowerCase()];
  if (operation === undefined) continue; // what is not there is 404 or 405: other tests
  answers += 1;
  const name = `${method} ${template.path}`;
  const response = responseOf(operation, status);
  if (response === undefined) {
    differs(`${name}: ${status} is not described`, body);
    continue;
  }
  const reference = schemaOf(response);
  if (reference === undefined) {
    if (body !== "") differs(`${name} ${status}: a body that is not described`, body);
    continue;
  }
  if (status < 300) succeeded.add(name);
  if (response.content["text/plain"] !== undefined) continue;
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    if (body.startsWith("id:") || body.startsWith(":") || body.startsWith("event:")) continue;
    differs(`${name} ${status}: no JSON`, body);
    continue;
  }
  const check = validator(reference);
  if (check(value)) continue;
  for (const error of check.errors) {
    const at = error.instancePath.replace(/\/\d+/g, "/N");
    const more = error.params.unevaluatedProperty ?? error.params.missingProperty ?? "";
    differs(`${name} ${status} ${at}: ${error.message} ${more}`, body);
  }
}

for (const [what, { count, example }] of differences) {
  console.log(`${what} (${count} times)\n    ${example.slice(0, 400)}`);
}
const unchecked = [];
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const success = Object.keys(operation.responses).find((status) => status < 300);
    const name = `${method.toUpperCase()} ${path}`;
    if (schemaOf(operation.responses[success]) && !succeeded.has(name)) unchecked.push(name);
  }
}
console.log(JSON.stringify({ answers, operations: succeeded.size, unchecked }));
process.exitCode = differences.size > 0 ? 1 : 0;

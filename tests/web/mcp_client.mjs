// An agent with the public SDK against `switchctl mcp`: usage: node mcp_client.mjs SWITCHCTL SOCKET NEW_TARGET
// Prints one line per step; ends with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [switchctl, socket, target] = process.argv.slice(2);
// The packages lie in a build folder, not beside this file.
const require = createRequire(path.join(process.env.SWITCHYARD_WEB, "package.json"));
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");

const client = new Client({ name: "test-agent", version: "1.0" });
const transport = new StdioClientTransport({ command: switchctl, args: ["-s", socket, "mcp"], stderr: "inherit" });
const text = (answer) => answer.content.map((part) => part.text).join("\n");
const call = (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);
const token = (answer) => answer.structuredContent.result.token;
const live = async () =>
  (await call("get_deployment_status", { service: "shop" })).structuredContent.result.services.find(
    (service) => service.service === "shop").active;

await client.connect(transport);
assert.equal(client.getServerVersion().name, "switchyard");
await client.ping();

const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name).sort(), ["deploy_to_standby", "explain_route", "get_deployment_status",
  "get_history", "rollback", "switch_traffic"]);
for (const tool of tools) assert.equal(tool.inputSchema.additionalProperties, false, tool.name);
console.log("ok tools");

assert.equal(await live(), "blue");
const route = await call("explain_route", { path: "/cart", headers: { "X-Any": "1" } });
assert.equal(route.structuredContent.result.explain.slot, "blue");
console.log("ok reading");

// One call is a plan; the token works once, for the same move.
const plan = await call("switch_traffic", { service: "shop", slot: "green", reason: "sdk" });
assert.equal(plan.isError, false, text(plan));
assert.equal(await live(), "blue", "a plan moved traffic");
const wrong = await call("switch_traffic", { service: "shop", slot: "blue", token: token(plan) });
assert.equal(wrong.isError, true);
assert.equal(await live(), "blue");
const done = await call("switch_traffic", { service: "shop", slot: "green", reason: "sdk", token: token(plan) });
assert.equal(done.isError, false, text(done));
assert.equal(await live(), "green");
const again = await call("switch_traffic", { service: "shop", slot: "green", token: token(plan) });
assert.equal(again.isError, true, "a token was good twice");
const forged = await call("rollback", { service: "shop", token: "0123456789abcdef0123456789abcdef" });
assert.equal(forged.isError, true);
assert.equal(await live(), "green");
console.log("ok switch in two calls");

const back = await call("rollback", { service: "shop", reason: "sdk" });
const rolled = await call("rollback", { service: "shop", reason: "sdk", token: token(back) });
assert.equal(rolled.isError, false, text(rolled));
assert.equal(await live(), "blue");
const history = await call("get_history", { service: "shop", limit: 5 });
const kinds = history.structuredContent.result.history.map((entry) => entry.kind);
assert.deepEqual(kinds.slice(0, 2), ["rollback", "switch"]);
console.log("ok rollback and history");

const onLive = await call("deploy_to_standby", { service: "shop", slot: "blue" });
assert.equal(onLive.isError, true, "a deployment to the live slot");
const prepare = { service: "shop", targets: [target], reason: "sdk", timeout_seconds: 60 };
const offer = await call("deploy_to_standby", prepare);
const before = (await call("get_deployment_status", {})).structuredContent.epoch;
const steps = [];
const deployed = await call("deploy_to_standby", { ...prepare, token: token(offer) },
  { onprogress: (progress) => steps.push(progress), timeout: 90000 });
assert.equal(deployed.isError, false, text(deployed));
assert.ok(steps.length >= 2, "no progress was told");
const status = (await call("get_deployment_status", {})).structuredContent;
assert.ok(status.result.targets.some((one) => one.slot === "green" && one.target === target), text(deployed));
assert.ok(status.epoch > before);
assert.equal(await live(), "blue");
console.log("ok deploy to standby");

for (const bad of [{}, { service: "--force" }, { service: "shop", extra: 1 }, { service: "a\nb" }, { service: 7 }]) {
  const refused = await call("switch_traffic", bad);
  assert.equal(refused.isError, true, JSON.stringify(bad));
}
await assert.rejects(call("no_such_tool", {}));
await assert.rejects(client.request({ method: "resources/list" }, (await load(
  "@modelcontextprotocol/sdk/types.js")).ListResourcesResultSchema));
console.log("ok refusals");
await client.close();
console.log("ok all");

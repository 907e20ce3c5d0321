// Asks SailPoint's SDK for JavaScript what standard input says, and prints what it handed out.

import { readFileSync } from "node:fs";
import sdk from "sailpoint-api-client";

console.log = console.error; // the SDK chats; standard output is for the answers

const { visit, questions } = JSON.parse(readFileSync(0, "utf8"));
const configuration = configured();
const apis = new Map();

function configured() {
  if (visit.client_id) {
    return new sdk.Configuration(); // logs in as the environment says
  }
  const configuration = new sdk.Configuration({ baseurl: visit.base_url, accessToken: visit.token || "none" });
  if (!visit.token) {
    configuration.accessToken = undefined; // without one in the parameters the SDK would log in
  }
  return configuration;
}

function api(name) {
  if (!apis.has(name)) {
    apis.set(name, new sdk[name](configuration));
  }
  return apis.get(name);
}

async function answer({ api: name, operation, parameters, increment }) {
  const one = api(name);
  try {
    const response = increment
      ? await sdk.Paginator.paginate(one, one[operation], parameters, increment)
      : await one[operation](parameters);
    return { status: response.status, body: response.data, headers: response.headers };
  } catch (error) {
    const { status = 0, data = null, headers = {} } = error.response ?? {};
    return { status, body: data, headers, error: String(error) };
  }
}

const answers = [];
for (const question of questions) {
  answers.push(await answer(question));
}
process.stdout.write(JSON.stringify(answers));

// Asks Genesys's SDK for JavaScript what standard input says, and prints what it handed out.

import { readFileSync } from "node:fs";
import sdk from "purecloud-platform-client-v2";

const { visit, questions } = JSON.parse(readFileSync(0, "utf8"));
const address = new URL(visit.base_url);
const client = sdk.ApiClient.instance;
client.setGateway({ host: address.hostname, protocol: "http", port: Number(address.port) });
client.setReturnExtendedResponses(true);

async function answer(asking) {
  try {
    const { status, body, headers } = await asking();
    return { status, body, headers };
  } catch (refused) {
    // With extended responses the SDK throws a plain object.
    const { status, body, headers } = refused.response ? { ...refused.response, body: refused.response.data } : refused;
    return { status: status ?? 0, body, headers: headers ?? {}, error: String(refused) };
  }
}

// Asks a question, waits for its execution and reads all pages of the results.
async function execution({ api: name, operation, parameters, results }) {
  const api = new sdk[name]();
  const asked = await answer(() => api[operation](...parameters));
  if (asked.status >= 300 || !results) {
    return asked;
  }
  const rows = [];
  let page;
  let pages = 0;
  let after = null;
  do {
    const options = { after, ...(results.pageSize && { pageSize: results.pageSize }) };
    const clientId = results.clientId ? [results.clientId] : [];
    const ids = asked.body.id ? [...clientId, asked.body.id] : [asked.body.executionId, ...clientId];
    do {
      page = await answer(() => api[results.operation](...ids, options));
    } while (page.body?.queryStatus === "Running" && (await pause()));
    rows.push(...(page.body?.results ?? page.body?.entities ?? []));
    pages += 1;
    after = page.body?.nextUri ? new URL(page.body.nextUri, address).searchParams.get("after") : page.body?.cursors?.after;
  } while (after);
  return { ...page, body: { ...page.body, asked: asked.body, results: rows, pages } };
}

function pause() {
  return new Promise((resolve) => setTimeout(() => resolve(true), 20));
}

async function login() {
  if (visit.client_id) {
    await client.loginClientCredentialsGrant(visit.client_id, visit.client_secret);
    return { accessToken: client.authData.accessToken, expires: client.authData.tokenExpiryTime };
  }
  if (visit.token) {
    client.setAccessToken(visit.token);
  }
}

const answers = [];
const refused = await answer(async () => ({ status: 200, body: await login() }));
for (const question of questions) {
  answers.push(refused.status === 200 && question.operation !== "login" ? await execution(question) : refused);
}
process.stdout.write(JSON.stringify(answers));

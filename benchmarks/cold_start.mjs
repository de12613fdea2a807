// A plain redirect on Node.js with a loop over Lambda's Runtime API: no more than is needed to compare.
import http from "node:http";

const registry = process.env.ECR_REGISTRY;
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const agent = new http.Agent({ keepAlive: true });

export const handler = async (event) => ({
  statusCode: 307,
  headers: { Location: `https://${registry}${event.path}` },
});

const call = (url, method = "GET", body = "") =>
  new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent }, (response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve({ headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });

try {
  for (;;) {
    const next = await call(`${api}/next`);
    const response = await handler(JSON.parse(next.text));
    const id = next.headers["lambda-runtime-aws-request-id"];
    await call(`${api}/${id}/response`, "POST", JSON.stringify(response));
  }
} catch {
  process.exit(0); // the Runtime API is gone: the environment ends
}

#include "gateway/key_server.h"

#include "gateway/key_server_json.h"

namespace bulla::gateway {

HttpKeyServer::HttpKeyServer(net::Loop& loop, net::HttpClientConfig config, std::string url, Secret token)
    : client_(loop, std::move(config)), url_(std::move(url)), token_(std::move(token)) {}

net::Awaiting<std::string> HttpKeyServer::post(std::string path, std::string body) {
  net::HttpCall call;
  call.method = net::HttpMethod::kPost;
  call.url = url_ + path;
  call.headers.add("Content-Type", "application/json");
  call.headers.add("Authorization", "Bearer " + to_string(token_.reveal()));
  call.body = to_bytes(body);
  auto response = co_await client_.send(std::move(call));
  if (!response) co_return fail(Code::kUnavailable, response.error().text, response.error().hint);
  if (response->status != 200) co_return fail(read_error(response->status, response->body_text()));
  co_return std::string(response->body_text());
}

net::Awaiting<Directory> HttpKeyServer::directory(std::vector<std::string> addresses) {
  BULLA_CO_TRY(const auto text, co_await post("/v1/directory", directory_request(addresses)));
  co_return read_directory(text);
}

net::Awaiting<std::vector<std::vector<RegisterResult>>> HttpKeyServer::register_envelopes(
    std::vector<NewEnvelope> envelopes) {
  BULLA_CO_TRY(const auto text, co_await post("/v1/envelopes", register_request(envelopes)));
  co_return read_results(text, envelopes);
}

}  // namespace bulla::gateway

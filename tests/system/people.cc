#include "tests/system/people.h"

#include <stdexcept>

namespace troupe::testing {
namespace {

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

Answer required(Answer answer, int status) {
  if (answer.status != status) throw std::runtime_error("refused: " + answer.text);
  return answer;
}

}  // namespace

Person::Person(const Server& server, const Answer& session) : options_(server.client_options()) {
  std::string line = header_of(session, "set-cookie");
  if (line.empty()) line = header_of(session, "Set-Cookie");
  cookie_ = line.substr(0, line.find(';'));
  csrf_ = text_at(session.body, "/csrf_token");
  id_ = text_at(session.body, "/user/id");
}

Person Person::sign_up(const Server& server, const std::string& name,
                       const std::string& workspace) {
  Api nobody = api_of(server, "");
  return {server, required(nobody.post("/v1/auth/sign-up",
                                       "{\"email\":\"" + email_of(name) + "\",\"name\":\"" + name +
                                           "\",\"workspace\":\"" + workspace +
                                           "\",\"password\":\"" + kGoodPassword + "\"}"),
                           201)};
}

Person Person::sign_in(const Server& server, const std::string& name) {
  Api nobody = api_of(server, "");
  return {server, required(nobody.post("/v1/auth/sign-in", "{\"email\":\"" + email_of(name) +
                                                               "\",\"password\":\"" +
                                                               kGoodPassword + "\"}"),
                           200)};
}

Api Person::in(const std::string& workspace, const std::string& project) const {
  http_client::Options options = options_;
  options.headers = {{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}};
  if (!workspace.empty()) options.headers.emplace_back("X-Tenant-Id", workspace);
  if (!project.empty()) options.headers.emplace_back("X-Project-Id", project);
  return Api(options);
}

Api api_of(const Server& server, const std::string& token, http_client::Headers headers) {
  http_client::Options options = server.client_options();
  options.headers = std::move(headers);
  if (!token.empty()) options.headers.emplace_back("Authorization", "Bearer " + token);
  return Api(options);
}

void bring_in(Api admin, const Person& guest, const std::string& name, const std::string& role) {
  const Answer made = required(
      admin.post("/v1/invites", "{\"invites\":[{\"email\":\"" + Person::email_of(name) +
                                    "\",\"role\":\"" + role + "\"}]}"),
      201);
  const std::string token = text_at(made.body, "/items/0/token");
  required(guest.api().post("/v1/invites:answer", "{\"token\":\"" + token + "\",\"accept\":true}"),
           204);
}

}  // namespace troupe::testing

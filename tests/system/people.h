#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/api.h"

namespace troupe::testing {

inline constexpr const char* kGoodPassword = "correct mule battery 9";

/// Somebody with a session, as a browser has it: its cookie, and what its pages send along.
class Person {
 public:
  /// Signs up, with a workspace of his own. Throws when that is refused.
  static Person sign_up(const Server& server, const std::string& name,
                        const std::string& workspace);
  static Person sign_in(const Server& server, const std::string& name);

  /// Asks as this person in a workspace and project (empty: none is named).
  Api in(const std::string& workspace, const std::string& project = "") const;
  Api api() const { return in(""); }
  static std::string email_of(const std::string& name) { return name + "@example.org"; }
  const std::string& id() const { return id_; }
  const std::string& cookie() const { return cookie_; }

 private:
  Person(const Server& server, const Answer& session);

  http_client::Options options_;
  std::string cookie_;
  std::string csrf_;
  std::string id_;
};

/// An API of whoever has this token; empty: of nobody.
Api api_of(const Server& server, const std::string& token, http_client::Headers headers = {});

/// Invites somebody and has him accept. Throws when either is refused.
void bring_in(Api admin, const Person& guest, const std::string& name,
              const std::string& role);

}  // namespace troupe::testing

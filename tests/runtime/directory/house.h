#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/memory/memory_store.h"
#include "adapters/system/hasher.h"
#include "runtime/base/random.h"
#include "runtime/directory/caller.h"
#include "runtime/directory/context.h"
#include "runtime/directory/sign_in.h"
#include "runtime/directory/tokens.h"
#include "runtime/directory/workspaces.h"

namespace troupe::directory {

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() override { return random_.next(); }

 private:
  Random random_;
};

inline constexpr TimePoint kBegin{1'700'000'000'000'000};
inline constexpr Duration kDay = seconds(86'400);
inline const Stamp kStamp{"troupe-test", seconds(43'200)};

inline tenancy::Principal as_session(const SignedIn& in) {
  return tenancy::SessionUser{in.user.id, in.session};
}
inline tenancy::Principal as_token(const AccessToken& token) {
  return tenancy::TokenUser{token.user, token.id, token.limits};
}
inline tenancy::Scopes every_scope() {
  tenancy::Scopes scopes;
  for (std::size_t i = 0; i < tenancy::kScopeNames.size(); ++i) {
    scopes.add(static_cast<tenancy::Scope>(i));
  }
  return scopes;
}

/// The number of entries a change that writes anything leaves in the audit logs.
enum class Logs { kOne, kNone };

/// An installation over a store in memory. Every change is decided twice, as a store that has to
/// repeat its transaction would, and only the second counts.
class House {
 public:
  explicit House(std::uint64_t seed = 1) : entropy(seed) {}

  Context context(tenancy::Principal by) {
    return {hasher, entropy, now, std::move(by), "request-1", "192.0.2.1"};
  }
  store::Documents& documents() { return reader->documents(store::DocumentScope::all()); }

  /// `work(documents, context, &made)`. What it wrote is in `last`.
  template <class Made, class Work>
  Result<Made> change(tenancy::Principal by, Work work, Logs logs = Logs::kOne) {
    Made made{};
    last = {};
    const Context context = this->context(std::move(by));
    const Status done = store.writer().change({}, now, [&](store::Documents& inside) {
      const Result<store::Change> dropped = work(inside, context, &made);
      made = Made{};
      Result<store::Change> kept = work(inside, context, &made);
      EXPECT_EQ(dropped.ok(), kept.ok());
      if (kept) last = *kept;
      return kept;
    });
    if (!done) return done.error();
    const std::size_t expected = last.empty() || logs == Logs::kNone ? 0 : 1;
    EXPECT_EQ(last.audit.size(), expected);
    return made;
  }
  /// The same for a change of which nothing comes: `work(documents, context)`.
  template <class Work>
  Status change(tenancy::Principal by, Work work, Logs logs = Logs::kOne) {
    return change<Unit>(
        std::move(by),
        [&](store::Documents& inside, const Context& context, Unit*) {
          return work(inside, context);
        },
        logs);
  }

  /// Somebody with a workspace of that name.
  SignedUp sign_up(const std::string& name) {
    const auto made =
        change<SignedUp>(tenancy::Nobody{}, [&](auto& inside, const auto& context, SignedUp* out) {
          return directory::sign_up(inside, context, kStamp,
                                    {name + "@x.org", name, "hash of " + name, name, name}, out);
        });
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? *made : SignedUp{};
  }
  /// Puts somebody into a workspace without asking anybody.
  void join(WorkspaceId workspace,
            const User& user,
            tenancy::WorkspaceRole role,
            tenancy::MemberState state = tenancy::MemberState::kActive) {
    store::Change change;
    change.put.push_back(encode(hasher, workspace, {user.id, user.email, role, state, now}));
    write(std::move(change));
  }
  void write(store::Change change) {
    const Status done = store.writer().change(
        {}, now, [&](store::Documents&) -> Result<store::Change> { return change; });
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  Result<AccessToken> make_token(tenancy::Principal by, tenancy::TokenLimits limits) {
    auto made = change<MadeToken>(std::move(by), [&](auto& inside, const auto& context, auto* out) {
      return create_token(inside, context, {"key", limits}, out);
    });
    if (!made) return made.error();
    last_text = made->text;
    return made->token;
  }

  /// Who a text stands for now.
  tenancy::Principal who(std::string_view text) {
    const auto found = credential_of(documents(), hasher, text, now);
    EXPECT_TRUE(found.ok());
    return found.ok() ? found->principal : tenancy::Principal{};
  }
  bool is_nobody(std::string_view text) {
    return std::holds_alternative<tenancy::Nobody>(who(text));
  }
  /// Whether the principal may, in the place of these names.
  Status may(const tenancy::Principal& principal,
             std::string_view tenant,
             std::string_view project,
             tenancy::Permission permission) {
    const auto place = place_of(documents(), hasher, principal, tenant, project);
    if (!place) return place.error();
    const auto grant = tenancy::authorise(principal, place->standing, permission, now);
    return grant ? ok() : Status(grant.error());
  }
  Result<tenancy::Grant> grant(const tenancy::Principal& principal,
                               std::string_view tenant,
                               tenancy::Permission permission) {
    const auto place = place_of(documents(), hasher, principal, tenant, "");
    if (!place) return place.error();
    return tenancy::authorise(principal, place->standing, permission, now);
  }

  /// The entries of a workspace's log (unset: the installation's), after the chain has been
  /// checked.
  std::vector<std::string> log(WorkspaceId workspace) {
    const auto rows = reader->audit({.workspace = workspace, .limit = 100'000});
    const auto head = reader->audit_head(workspace);
    std::vector<std::string> texts;
    if (!rows.ok() || !head.ok()) {
      ADD_FAILURE() << "no log";
      return texts;
    }
    tenancy::AuditCheck check(hasher, tenancy::audit_origin(hasher, workspace));
    for (const store::AuditRow& row : *rows) {
      const auto broken = check.next(row.entry);
      EXPECT_FALSE(broken) << broken->why;
      texts.push_back(row.entry.json);
    }
    if (head->n > 0) {
      const auto broken = check.end(*head);
      EXPECT_FALSE(broken) << broken->why;
    }
    return texts;
  }

  memory::MemoryStore store;
  std::unique_ptr<store::Reader> reader = store.open_reader();
  system::Blake2bHasher hasher;
  SeededEntropy entropy;
  TimePoint now = kBegin;
  store::Change last;     ///< what the last change wrote
  std::string last_text;  ///< of the token made last
};

class DirectoryTest : public ::testing::Test {
 protected:
  static std::string why(const Status& status) { return status ? "" : status.error().message; }

  House house;
};

/// Expects a refusal with this code.
#define EXPECT_REFUSED(expression, expected)                                      \
  do {                                                                            \
    const auto& refused = (expression);                                           \
    EXPECT_FALSE(refused.ok()) << "was granted";                                  \
    if (!refused.ok()) {                                                          \
      EXPECT_EQ(refused.error().code, Code::expected) << refused.error().message; \
    }                                                                             \
  } while (false)

}  // namespace troupe::directory

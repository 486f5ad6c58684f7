#include "runtime/tenancy/audit.h"

#include <gtest/gtest.h>

#include "adapters/system/hasher.h"
#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

const system::Blake2bHasher kHasher;

AuditEntry entry_about(std::string target) {
  AuditEntry entry;
  entry.at = kNow;
  entry.project = kProject;
  entry.actor = "user:" + kAda.to_string();
  entry.action = Permission::kWorkflowChange;
  entry.target = std::move(target);
  entry.changed = {"name", "graph"};
  entry.request_id = "r-1";
  entry.address = "192.0.2.7";
  return entry;
}

std::vector<SealedEntry> chain_of(std::size_t size, WorkspaceId workspace = kHere) {
  std::vector<SealedEntry> chain;
  AuditHead last = audit_origin(kHasher, workspace);
  for (std::size_t i = 0; i < size; ++i) {
    chain.push_back(seal(kHasher, last, workspace, entry_about("workflow:" + std::to_string(i))));
    last = chain.back().head;
  }
  return chain;
}

/// "<number> <why>", or nothing: the first thing wrong with what somebody made of a chain of five.
std::string found(const std::vector<SealedEntry>& chain, WorkspaceId workspace = kHere) {
  AuditCheck check(kHasher, audit_origin(kHasher, workspace));
  const auto say = [](const AuditBreak& at) { return std::to_string(at.n) + " " + at.why; };
  for (const SealedEntry& entry : chain) {
    if (const auto broken = check.next(entry)) return say(*broken);
  }
  if (const auto broken = check.end(chain_of(5).back().head)) return say(*broken);
  return "";
}

TEST(Audit, AnEntryIsJsonInOneFormWithoutAnyValue) {
  const SealedEntry entry =
      seal(kHasher, audit_origin(kHasher, kHere), kHere, entry_about("workflow:\"x\""));
  EXPECT_EQ(entry.head.n, 1u);
  EXPECT_EQ(entry.json,
            R"({"n":1,"at":"2023-11-14T22:13:20.000Z","workspace":")" + kHere.to_string() +
                R"(","project":")" + kProject.to_string() + R"(","actor":"user:)" +
                kAda.to_string() +
                R"(","action":"workflow.change","target":"workflow:\"x\"",)"
                R"("changed":["name","graph"],"request_id":"r-1","address":"192.0.2.7"})");
  const SealedEntry of_server =
      seal(kHasher, audit_origin(kHasher, {}), {}, {.at = kNow, .actor = "operator"});
  EXPECT_EQ(of_server.json,
            R"({"n":1,"at":"2023-11-14T22:13:20.000Z","actor":"operator","action":"self.change",)"
            R"("target":"","changed":[],"request_id":"","address":""})");
}

TEST(Audit, AnActorIsTheUserAndTheTokenThatWasUsed) {
  EXPECT_EQ(audit_actor(Nobody{}), "nobody");
  EXPECT_EQ(audit_actor(Operator{}), "operator");
  EXPECT_EQ(audit_actor(session()), "user:" + kAda.to_string());
  EXPECT_EQ(audit_actor(token({})),
            "user:" + kAda.to_string() + " token:" + Uuid({5, 1}).to_string());
  EXPECT_EQ(audit_actor(TokenUser{UserId{}, TokenId{Uuid{5, 1}}, {}}),
            "operator token:" + Uuid({5, 1}).to_string());
}

TEST(Audit, AnUntouchedChainHoldsFromItsBeginningAndFromAnyEntry) {
  const auto chain = chain_of(5);
  EXPECT_EQ(found(chain), "");
  AuditCheck check(kHasher, chain[2].head);
  EXPECT_FALSE(check.next(chain[3]));
  EXPECT_FALSE(check.next(chain[4]));
  EXPECT_FALSE(check.end(chain[4].head));
  EXPECT_EQ(chain_of(5)[4].head, chain[4].head) << "the same entries give the same chain";
}

TEST(Audit, AChangedByteIsFoundInItsEntry) {
  for (std::size_t at = 0; at < 5; ++at) {
    const std::size_t size = chain_of(5)[at].json.size();
    for (std::size_t byte = 0; byte < size; ++byte) {
      auto chain = chain_of(5);
      chain[at].json[byte] ^= 1;
      ASSERT_EQ(found(chain), std::to_string(at + 1) + " is not what was written here.");
    }
    auto chain = chain_of(5);
    chain[at].head.hash[7] ^= 1;
    EXPECT_EQ(found(chain), std::to_string(at + 1) + " is not what was written here.");
  }
}

TEST(Audit, TakenOutPutInAndMovedEntriesAreFoundAtTheirPlace) {
  auto chain = chain_of(5);
  chain.erase(chain.begin() + 2);
  EXPECT_EQ(found(chain), "3 is missing.");

  chain = chain_of(5);
  chain.insert(chain.begin() + 2, chain[1]);
  EXPECT_EQ(found(chain), "3 stands where another number should.");

  chain = chain_of(5);
  std::swap(chain[1], chain[2]);
  EXPECT_EQ(found(chain), "2 is missing.");

  chain = chain_of(5);
  chain[2] = seal(kHasher, chain[1].head, kHere, entry_about("workflow:forged"));
  EXPECT_EQ(found(chain), "4 is not what was written here.") << "the next one knew another third";
}

TEST(Audit, ACutOrLengthenedEndIsFoundByTheHeadThatWasKept) {
  auto chain = chain_of(5);
  chain.pop_back();
  EXPECT_EQ(found(chain), "5 is missing, and all behind it.");
  EXPECT_EQ(found(chain_of(6)), "6 was put behind the end.");
  chain.push_back(seal(kHasher, chain.back().head, kHere, entry_about("workflow:other")));
  EXPECT_EQ(found(chain), "5 ends another chain.");
}

TEST(Audit, AnEntryTakenOutIsFoundThoughTheRestWasHashedAnew) {
  const auto before = chain_of(5);
  // A clumsy forger: the numbers and hashes of the rows are put right, and the texts stay.
  std::vector<SealedEntry> chain{before[0], before[1]};
  for (std::size_t at = 3; at < 5; ++at) {
    SealedEntry row = before[at];
    row.head.n = at;
    std::string bytes = "troupe audit 1 entry\n";
    const Digest& last = chain.back().head.hash;
    bytes.append(reinterpret_cast<const char*>(last.data()), last.size()).append(row.json);
    row.head.hash = kHasher.hash(bytes);
    chain.push_back(row);
  }
  EXPECT_EQ(found(chain), "3 says another number of itself.");
}

TEST(Audit, AChainIsOfOneWorkspaceAlone) {
  EXPECT_EQ(found(chain_of(5, kElsewhere)), "1 is not what was written here.");
  EXPECT_EQ(found(chain_of(5, kElsewhere), kElsewhere), "5 ends another chain.");
}

}  // namespace
}  // namespace troupe::tenancy

//===- WeightsObject.cpp - An object file of nothing but weights ----------===//
//
// Written by hand, since LLVM's own writer holds all of an object in memory.
//
//===----------------------------------------------------------------------===//

#include "rac/Emit/Weights.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace llvm::ELF;
using namespace rac;

namespace {

/// From here on the section is kept out of the way of code that reaches its
/// data by 32-bit offsets (B).
constexpr uint64_t kLarge = uint64_t(1) << 30;
/// From here on weights start at a page, so that they are mapped whole (B).
constexpr uint64_t kPaged = uint64_t(64) << 10;

/// A string table: offsets of names in one text.
struct Names {
  std::string text = std::string(1, '\0');
  uint32_t add(StringRef name) {
    uint32_t offset = text.size();
    text += name;
    text += '\0';
    return offset;
  }
};

Elf64_Shdr section(uint32_t name, uint32_t type, uint64_t flags,
                   uint64_t offset, uint64_t size, uint64_t align) {
  Elf64_Shdr header = {};
  header.sh_name = name;
  header.sh_type = type;
  header.sh_flags = flags;
  header.sh_offset = offset;
  header.sh_size = size;
  header.sh_addralign = align;
  return header;
}

template <typename T> void writeRaw(raw_ostream &os, const T &value) {
  os.write(reinterpret_cast<const char *>(&value), sizeof(T));
}

Elf64_Ehdr fileHeader(uint16_t machine, uint64_t sections, uint16_t count,
                      uint16_t names) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, strlen(ElfMagic));
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shoff = sections;
  header.e_shnum = count;
  header.e_shstrndx = names;
  return header;
}

} // namespace

void rac::writeWeightsObject(const WeightImage &image, uint16_t machine,
                             raw_ostream &os) {
  static_assert(endianness::native == endianness::little,
                "headers are written as they lie in memory");
  uint64_t align = image.size >= kPaged ? 4096 : 64;
  uint64_t flags = SHF_ALLOC;
  if (machine == EM_X86_64 && image.size > kLarge)
    flags |= SHF_X86_64_LARGE;

  Names sectionNames, symbolNames;
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = symbolNames.add(kWeightsSymbol);
  symbols[1].st_info = STB_GLOBAL << 4 | STT_OBJECT;
  symbols[1].st_other = STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = image.size;

  uint64_t dataAt = alignTo(sizeof(Elf64_Ehdr), align);
  uint64_t symbolsAt = alignTo(dataAt + image.size, 8);
  uint64_t symbolNamesAt = symbolsAt + sizeof(symbols);
  uint64_t sectionNamesAt = symbolNamesAt + symbolNames.text.size();

  Elf64_Shdr headers[] = {
      {},
      section(sectionNames.add(".rac.weights"), SHT_PROGBITS, flags, dataAt,
              image.size, align),
      section(sectionNames.add(".symtab"), SHT_SYMTAB, 0, symbolsAt,
              sizeof(symbols), 8),
      section(sectionNames.add(".strtab"), SHT_STRTAB, 0, symbolNamesAt,
              symbolNames.text.size(), 1),
      section(sectionNames.add(".note.GNU-stack"), SHT_PROGBITS, 0,
              sectionNamesAt, 0, 1),
      section(sectionNames.add(".shstrtab"), SHT_STRTAB, 0, sectionNamesAt, 0,
              1),
  };
  headers[2].sh_link = 3; // its names
  headers[2].sh_info = 1; // the first symbol that is not local
  headers[2].sh_entsize = sizeof(Elf64_Sym);
  headers[5].sh_size = sectionNames.text.size();
  uint64_t headersAt = alignTo(sectionNamesAt + sectionNames.text.size(), 8);

  writeRaw(os, fileHeader(machine, headersAt, std::size(headers), 5));
  os.write_zeros(dataAt - sizeof(Elf64_Ehdr));
  image.write(os);
  os.write_zeros(symbolsAt - dataAt - image.size);
  writeRaw(os, symbols);
  os << symbolNames.text << sectionNames.text;
  os.write_zeros(headersAt - sectionNamesAt - sectionNames.text.size());
  writeRaw(os, headers);
}

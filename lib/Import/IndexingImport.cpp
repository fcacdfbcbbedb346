//===- IndexingImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addIndexingImporters(ImporterTable &table) {}
